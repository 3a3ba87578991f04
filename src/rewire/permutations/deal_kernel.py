"""Compiled dealing: ranks shuffled into subsets, each ascending, without a sort.

It imports numba, so import this module only where a kernel is run.
"""

import numpy as np

from rewire.compiled import compiled

GOLDEN, FIRST, SECOND = (np.uint64(word) for word in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))
HALF = np.uint64(32)


@compiled
def _stirred(z: np.uint64) -> np.uint64:
    """A word of 64 bits of which every bit depends on every bit of z: SplitMix64's."""
    z = (z ^ (z >> np.uint64(30))) * FIRST
    z = (z ^ (z >> np.uint64(27))) * SECOND
    return z ^ (z >> np.uint64(31))


@compiled
def deal(n: int, size: int, key: np.ndarray) -> np.ndarray:
    """The ranks 0 … n − 1 by subsets of `size`, the last one smaller: one draw for each key of uint64 numbers.

    As many labels of each subset as it has places are shuffled (Fisher and Yates, 32 bits a draw); then the ranks, in
    ascending order, each join the subset of their label.
    """
    state = np.uint64(0)
    for number in key:
        state = _stirred(state + GOLDEN + number)
    labels, members = np.arange(n) // size, np.empty(n, np.int32)
    for left in range(n, 1, -1):
        state += GOLDEN
        drawn = ((_stirred(state) >> HALF) * np.uint64(left)) >> HALF
        labels[left - 1], labels[drawn] = labels[drawn], labels[left - 1]
    end = np.arange(0, n + size, size)
    for rank in range(n):
        members[end[labels[rank]]] = rank
        end[labels[rank]] += 1
    return members
