"""§2.1: what a step costs, gated, plain, and with MAML."""
