"""§4: masks rounded to bits, and gated against the best everywhere."""
