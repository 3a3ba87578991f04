"""§2.1: tasks never trained on, from mixtures of stored masks."""
