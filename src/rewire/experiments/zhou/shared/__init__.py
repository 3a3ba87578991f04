"""What the recipes of Zhou et al. 2019 stand on: a search with actions, its protocol, claims on its levels."""
