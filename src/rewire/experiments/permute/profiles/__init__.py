"""§1, Figs 1–2: the weight vectors of a trained layer have nearly one profile; on ours, or on yours."""
