"""What the recipes of Permute to Train stand on: one config, one training, what it does to the values, figures."""
