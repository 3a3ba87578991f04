"""§6: a trained network stored as a seed and ranks, bit for bit."""
