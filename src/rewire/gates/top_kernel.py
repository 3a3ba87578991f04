"""Compiled selection of the largest magnitudes; `top.top_mask` says what of."""

import numpy as np

from rewire.compiled import compiled

BLOCK = 64
DIGIT = 10  # bits that one pass of the radix selection decides


@compiled
def mark_top(bits: np.ndarray, off: int, low: int, width: int, room: np.ndarray, mask: np.ndarray) -> tuple[int, int]:
    """Write 0 for the `off` smallest magnitudes and 1 for the others into `mask`.

    bits: floats as whole numbers; without the sign bit they are in the floats' order. [low, low + 2^width) is where
    the threshold was last, width = 0 for unknown. room: scratch memory as long. Returns where it is now, or width −1
    for NaN.
    """
    sign, infinity, all_bits = _layout(bits)
    below = inside = 0
    if width > 0:
        below, inside, largest = _gather(bits, sign, low, low + (1 << width) - 1, room)
        if largest > infinity:
            return 0, -1
    known = below <= off < below + inside
    if not known:
        low, start, below = _bucket(bits, sign, all_bits, off)
        _, inside, largest = _gather(bits, sign, low, low + (1 << start) - 1, room)
        if largest > infinity:
            return 0, -1
        smallest, excess = _narrow(room, inside, low, start, off - below)
        width = max(width + 2, 12)
    else:
        smallest, excess = _narrow(room, inside, low, width, off - below)
        if inside < bits.size >> 11:
            width += 1
        elif inside > 64 + (bits.size >> 8) and width > 1:
            width -= 1
    _mark(bits, sign, smallest, excess, mask)
    width = min(width, all_bits - DIGIT - 2)  # beyond infinity, low + 2^width must not overflow
    return max(smallest - (1 << (width - 1)), 0), width


@compiled
def _layout(bits: np.ndarray) -> tuple[int, int, int]:
    """What clears the sign bit, the bits of infinity, and how many bits a magnitude has."""
    if bits.itemsize == 4:
        return 0x7FFFFFFF, 0x7F800000, 31
    return 0x7FFFFFFFFFFFFFFF, 0x7FF0000000000000, 63


@compiled
def _gather(bits: np.ndarray, sign: int, low: int, last: int, room: np.ndarray) -> tuple[int, int, int]:
    """How many magnitudes are below `low`, how many in [low, last], copied to `room`, and the largest of all."""
    below, inside, largest = 0, 0, 0
    for start in range(0, bits.size, BLOCK):
        block = bits[start : start + BLOCK]
        here = 0
        for i in range(block.size):
            x = block[i] & sign
            below += x < low
            here += (x >= low) & (x <= last)
            largest = max(largest, x)
        if here:
            for i in range(block.size):
                x = block[i] & sign
                room[inside] = x
                inside += (x >= low) & (x <= last)
                if inside == room.size:
                    break
    return below, inside, largest


@compiled
def _bucket(bits: np.ndarray, sign: int, width: int, rank: int) -> tuple[int, int, int]:
    """The interval [low, low + 2^width) of leading digits with the entry of this rank, and how many are below it."""
    width -= DIGIT + 1
    counts = np.zeros(2 << DIGIT, np.int64)
    for i in range(bits.size):
        counts[(bits[i] & sign) >> width] += 1
    digit = below = 0
    while below + counts[digit] <= rank:
        below += counts[digit]
        digit += 1
    return digit << width, width, below


@compiled
def _narrow(room: np.ndarray, count: int, low: int, width: int, rank: int) -> tuple[int, int]:
    """The entry of this rank among the `count` first of `room`, all in [low, low + 2^width), digit by digit.

    Returns the entry and how many equal to it come before that rank.
    """
    counts = np.empty(1 << DIGIT, np.int64)
    while width > 0:
        shift = max(width - DIGIT, 0)
        counts[:] = 0
        for i in range(count):
            counts[(room[i] - low) >> shift] += 1
        digit = 0
        while counts[digit] <= rank:
            rank -= counts[digit]
            digit += 1
        low, width, kept = low + (digit << shift), shift, 0
        for i in range(count):
            x = room[i]
            if (x - low) >> shift == 0:
                room[kept] = x
                kept += 1
        count = kept
    return low, rank


@compiled
def _mark(bits: np.ndarray, sign: int, smallest: int, excess: int, mask: np.ndarray) -> None:
    for i in range(bits.size):
        mask[i] = (bits[i] & sign) >= smallest
    i = 0
    while excess > 0:
        if bits[i] & sign == smallest:
            mask[i] = 0
            excess -= 1
        i += 1
