"""Numbers as planes of bits, so that their sum over a mask of bits is a count of bits.

A number is rounded to a whole multiple of the largest one's 2⁻²³ and written in 24 bits, two's complement: as fine as
a float32 is near the largest. With plane p the p-th bits of all numbers, Σ_{j on} v_j is
step · Σ_p ±2^p · popcount(mask & plane p), the last plane with the minus.
"""

from dataclasses import dataclass

import numpy as np

PLANES = 24
WORD = 64


@dataclass(frozen=True)
class Planes:
    """words: [A] the places of the words of 64 numbers that are not all zero; bits: [A, PLANES] theirs; step: 2⁻²³ of
    the largest number; error: what a sum over any mask is off by at most, a step for each number that is not zero
    (half of one is the rounding, the rest that of the division before it)."""

    words: np.ndarray
    bits: np.ndarray
    step: float
    error: float


def planes_of(numbers: np.ndarray) -> Planes:
    """The planes of real numbers [n], n a multiple of 64; number j is bit 7 - j % 8 of byte j // 8, as in `masks.pack`.

    >>> from rewire.gates.superposition.planes import planes_of
    >>> planes = planes_of(np.r_[np.zeros(64), 1.0, -0.5, np.zeros(62)])
    >>> planes.words, planes.bits.shape
    (array([1]), (1, 24))
    """
    most = 2 ** (PLANES - 1) - 2  # one below the greatest, for the division may round upwards
    step = float(np.abs(numbers).max(initial=0)) / most or 1.0
    whole = np.rint(numbers / numbers.dtype.type(step)).astype("<i4")
    octets = whole.view(np.uint8).reshape(-1, 4)[:, : PLANES // 8].T.copy()
    bits = np.stack([np.packbits(octets[p // 8] & (1 << p % 8)).view(np.uint64) for p in range(PLANES)])
    words = np.flatnonzero(bits.any(0))
    return Planes(words, np.ascontiguousarray(bits[:, words].T), step, step * np.count_nonzero(numbers))
