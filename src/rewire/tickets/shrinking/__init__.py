"""Whole filters off, and then gone: which to drop, what follows for the layers around, the smaller network."""
