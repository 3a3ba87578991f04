"""Permutations: training that moves weights and never changes them."""
