"""Which weights to keep: nine criteria of initial and final values, each through a whole search."""
