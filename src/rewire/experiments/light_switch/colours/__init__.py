"""§3.5: coloured, white and inverted digits as tasks."""
