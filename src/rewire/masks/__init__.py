"""Masks as data: pure functions on tensors, no modules, and one file format."""

from rewire.masks.acting import act
from rewire.masks.actions import MASK_ONE, keep_sign
from rewire.masks.criteria import CRITERIA, diff_sign, needs, same_sign, score
from rewire.masks.describe import describe
from rewire.masks.mask import Mask, hamming, overlap
from rewire.masks.packing import pack, unpack
from rewire.masks.selection import EmptyLayer, select, threshold
from rewire.masks.storage import load_mask, read_metadata, save_mask
from rewire.masks.zero_actions import MASK_ZERO

__all__ = [
    "CRITERIA",
    "MASK_ONE",
    "MASK_ZERO",
    "EmptyLayer",
    "Mask",
    "act",
    "describe",
    "diff_sign",
    "hamming",
    "keep_sign",
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
