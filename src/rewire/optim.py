"""Optimizers that move weights and never change their values."""

from rewire.permutations.laperm import LAPerm
from rewire.permutations.sgperm import SGPerm

__all__ = ["LAPerm", "SGPerm"]
