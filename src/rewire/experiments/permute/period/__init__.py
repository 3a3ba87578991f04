"""How many steps LAPerm should leave between syncs (5.2.2)."""
