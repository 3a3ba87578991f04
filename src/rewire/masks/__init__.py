"""Masks as data: pure functions on tensors, no modules and no files."""

from rewire.masks.criteria import CRITERIA, needs, same_sign, score
from rewire.masks.mask import Mask, hamming, overlap
from rewire.masks.packing import pack, unpack
from rewire.masks.selection import EmptyLayer, select, threshold

__all__ = [
    "CRITERIA",
    "EmptyLayer",
    "Mask",
    "hamming",
    "needs",
    "overlap",
    "pack",
    "same_sign",
    "score",
    "select",
    "threshold",
    "unpack",
]
