"""Random partitions of a row: drawn among its ranks, so that each subset arrives sorted by value.

A partition belongs to (seed, parameter, step) and nothing else: no generator has a state that would have to be saved,
and threads have nothing to share. The rows of a parameter have it in common: what a row's subset holds still depends on
where that row has its values, each row's partition is as uniform as one of its own, and nothing is drawn per row.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from rewire.permutations.schedule import subset_size

GOLDEN, WORD = 0x9E3779B97F4A7C15, 2**64 - 1


def partition(n: int, part: float, seed: int = 0, parameter: int = 0, step: int = 1) -> list[Tensor]:
    """The subsets of a row of n ranks, each ascending: ⌈n / m⌉ of m = max(10, ⌊part · n⌋), the last one smaller.

    >>> subsets = partition(784, 0.05)
    >>> [len(subset) for subset in subsets] == 20 * [39] + [4], sorted(torch.cat(subsets).tolist()) == [*range(784)]
    (True, True)
    """
    size = subset_size(n, part)
    return list(torch.from_numpy(members(n, size, seed, parameter, step)).long().split(size))


def members(n: int, size: int, *key: int) -> np.ndarray:
    """The ranks 0 … n − 1 as int32, by subsets of `size`, each ascending: one draw for each key of whole numbers.

    >>> members(7, 3, 0)
    array([0, 2, 5, 1, 3, 6, 4], dtype=int32)
    """
    drawn = np.argsort(random_bits(n, *key), kind="stable").astype(np.int32)
    whole = n // size * size
    drawn[:whole].reshape(-1, size).sort(axis=1)
    drawn[whole:].sort()
    return drawn


def random_bits(n: int, *key: int) -> np.ndarray:
    """n random words of 64 bits that are a function of the key: SplitMix64, started anew by each number of it."""
    state = 0
    for number in key:
        state = _mix((state + GOLDEN + number) % 2**64)
    return _mix(np.arange(1, n + 1, dtype=np.uint64) * np.uint64(GOLDEN) + np.uint64(state))


def _mix(z: Any) -> Any:
    """A word of 64 bits, or an array of them, stirred: every bit of it depends on every other."""
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & WORD
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & WORD
    return z ^ (z >> 31)
