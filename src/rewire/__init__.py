"""rewire: train a network's wiring."""
