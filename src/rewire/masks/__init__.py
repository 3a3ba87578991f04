"""Masks as data: pure functions on tensors, no modules and no files."""

from rewire.masks.mask import Mask, hamming, overlap
from rewire.masks.packing import pack, unpack
from rewire.masks.selection import EmptyLayer, select, threshold

__all__ = ["EmptyLayer", "Mask", "hamming", "overlap", "pack", "select", "threshold", "unpack"]
