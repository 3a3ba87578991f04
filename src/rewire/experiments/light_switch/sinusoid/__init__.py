"""§3.3: sinusoid tasks, what becomes of masks, and regularising them."""
