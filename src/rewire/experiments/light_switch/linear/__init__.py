"""§3.1: masked linear maps without noise."""
