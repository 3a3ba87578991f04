"""*Like A Light Switch: Conditional Weights for Meta-Learning* (Blum & Law 2020): a module or folder per recipe."""
