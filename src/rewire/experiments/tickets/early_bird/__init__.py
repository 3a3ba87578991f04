"""§3: when, in training, the mask that pruning would choose stops changing."""
