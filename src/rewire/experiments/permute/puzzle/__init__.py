"""§2.2, Figs 3 and 7: the method as a picture puzzle, and a network's wiring before and after; both are real runs."""
