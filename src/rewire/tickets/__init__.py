"""Lottery tickets: find them, question them, move them."""
