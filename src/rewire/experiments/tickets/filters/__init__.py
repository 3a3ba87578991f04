"""Whole filters instead of single weights: Li et al. 2017, and networks that are really smaller afterwards."""
