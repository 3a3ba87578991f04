"""Masks as data: pure functions on tensors, no modules, and one file format."""

from rewire.masks.criteria import CRITERIA, needs, same_sign, score
from rewire.masks.describe import describe
from rewire.masks.mask import Mask, hamming, overlap
from rewire.masks.packing import pack, unpack
from rewire.masks.selection import EmptyLayer, select, threshold
from rewire.masks.storage import load_mask, read_metadata, save_mask

__all__ = [
    "CRITERIA",
    "EmptyLayer",
    "Mask",
    "describe",
    "hamming",
    "load_mask",
    "needs",
    "overlap",
    "pack",
    "read_metadata",
    "same_sign",
    "save_mask",
    "score",
    "select",
    "threshold",
    "unpack",
]
