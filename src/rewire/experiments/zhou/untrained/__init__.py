"""Supermasks without training: masks of one dense training, put on the network as it was before."""
