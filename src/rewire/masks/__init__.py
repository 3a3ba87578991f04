"""Masks as data: pure functions on tensors, no modules and no files."""

from rewire.masks.packing import pack, unpack

__all__ = ["pack", "unpack"]
