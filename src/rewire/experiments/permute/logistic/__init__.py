"""Figs 8 and 9: logistic regression on MNIST whose weights only change places."""
