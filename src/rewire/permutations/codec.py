"""Rows of known values as bytes: which order they stand in, in log2 of the number of orders that there are.

A row is told by its Lehmer code (see `lehmer`): digits that are uniform in n, n − 1, …, 2 choices, which an ANS coder
takes at log2 of these choices, fractions of bits included. A row of equal values has fewer orders, and costs less:
- Its longest run of equal values, such as the zeros of a sparse row, is not told, for it fills what is left.
- In other runs it is free which of equal values stands where. The encoder chooses by bits that it takes off what it
  has written, and the decoder, who sees the choice, puts them back: bits-back coding (Frey & Hinton 1997). Only the
  first rows of a tensor choose before there is anything to take.
Whatever is equal is so bit for bit: −0.0 is not 0.0.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rewire.permutations.rows import bits

PART = 1 << 17  # values of a tensor in the work at a time, or a row
GROWTH = 8  # a part is at most 1/8 of what is written by then: runs that take off most of it must find enough
FIRST = 256  # values of the first parts, or a row
WORD = np.dtype("<u4")
WIDE, LOW = 1 << 18, 10  # from so many choices on, a digit's low bits go by themselves: the coder counts in 2⁻²⁴
LONGEST = 1 << 31


def encode(rows: Tensor, initial: Tensor) -> Tensor:
    """Where the values of `initial` stand in `rows`, both [R, n] of one dtype, as bytes (uint8, flat, on the CPU).

    About `information(initial)` bits and 4 bytes; a tensor is worked on part by part, a few rows at a time.

    Raises ValueError where a row of one is no permutation of that row of the other, bit for bit.

    >>> initial = torch.randn(100, 300)
    >>> shuffled = initial[:, torch.randperm(300)]
    >>> encoded = encode(shuffled, initial)
    >>> torch.equal(decode(encoded, initial), shuffled), 8 * len(encoded) - information(initial) < 32
    (True, True)
    """
    if rows.shape != initial.shape or rows.dtype != initial.dtype or rows.ndim != 2:
        raise ValueError(f"rows must be [R, n] like initial; got {_form(rows)} and {_form(initial)}: reshape or cast")
    coder = _stream().stack.AnsCoder()
    for part in _parts(*rows.shape):
        told, places = profile(initial[part]), _places(rows[part])
        if not np.array_equal(told, np.take_along_axis(_bits(rows[part]), places, 1)):
            raise ValueError("rows must hold the values of initial, each row its own; got others: sync them first")
        _push(coder, places, Plan.of(told))
    encoded = coder.get_compressed().astype(WORD).tobytes().rstrip(b"\0")
    return torch.from_numpy(np.frombuffer(encoded, dtype=np.uint8).copy())


def decode(encoded: Tensor, initial: Tensor) -> Tensor:
    """The rows that `encode` was given, from their bytes and the same `initial` [R, n]: on the CPU, bit for bit.

    Raises ValueError for bytes that no rows encode. Nearly any bytes are those of some rows: a checksum beside them
    must tell whether they are the right ones.
    """
    if encoded.dtype != torch.uint8 or encoded.ndim != 1 or initial.ndim != 2:
        raise ValueError(f"encoded must be flat bytes; got {_form(encoded)} for an initial tensor {_form(initial)}")
    content = encoded.cpu().numpy().tobytes()
    rows = torch.empty(initial.shape, dtype=initial.dtype)
    words = np.frombuffer(content + bytes(-len(content) % WORD.itemsize), dtype=WORD)
    try:
        coder = _stream().stack.AnsCoder(words.astype(np.uint32))
        for part in reversed(list(_parts(*rows.shape))):  # what went in last comes out first
            told = profile(initial[part])
            np.put_along_axis(_bits(rows[part]), _pop(coder, Plan.of(told)), told, 1)
        whole = coder.is_empty()
    except ValueError:  # words that no coder ends in
        whole = False
    if not whole:
        raise ValueError("encoded must be of rows with the initial values; it is of others, or damaged")
    return rows


def information(initial: Tensor) -> float:
    """log2 of the number of different rows that permuting `initial` [R, n] gives: Σ log2(n! / ∏ m!), m equal values.

    >>> round(2 ** information(torch.tensor([[1.0, 2.0, 3.0, 4.0]])))
    24
    >>> round(2 ** information(torch.tensor([[1.0, 0.0, 0.0, 0.0], [0.0, -0.0, 0.0, -0.0]])))  # 4 orders, and 6
    24
    """
    total = 0.0
    for part in _parts(*initial.shape):
        plan = Plan.of(profile(initial[part]))
        total += float(np.log2(plan.free[plan.coded] / plan.left[plan.coded]).sum())
    return total


def profile(rows: Tensor) -> np.ndarray:
    """The values of each row in the order of their bits, as integers [R, n]; numpy's sort is far faster than torch's.

    >>> profile(torch.tensor([[0.5, 0.0, -0.0]]))
    array([[-2147483648,           0,  1056964608]], dtype=int32)
    """
    return np.sort(_bits(rows), axis=1)


def same_values(rows: Tensor, initial: Tensor) -> bool:
    """Whether each row [R, n] of one holds the values of that row of the other, bit for bit."""
    parts = _parts(*rows.shape)
    return all(np.array_equal(profile(rows[part]), profile(initial[part])) for part in parts)


@dataclass(frozen=True)
class Plan:
    """What both sides know of some rows by their profile alone; see `lehmer.plan`. All are [R, n]."""

    coded: np.ndarray
    free: np.ndarray
    left: np.ndarray

    @classmethod
    def of(cls, sorted_: np.ndarray) -> "Plan":
        tied = np.zeros(sorted_.shape, np.bool_)
        tied[:, 1:] = sorted_[:, 1:] == sorted_[:, :-1]
        plan = cls(np.empty(tied.shape, np.bool_), np.empty(tied.shape, np.int32), np.empty(tied.shape, np.int32))
        _kernels().plan(tied, plan.coded, plan.free, plan.left)
        return plan

    @property
    def chosen(self) -> np.ndarray:
        """Where there is a choice among equal values."""
        return self.coded & (self.left > 1)


def _push(coder: Any, places: np.ndarray, plan: Plan) -> None:
    chosen, drawn = plan.chosen, np.zeros(places.shape, np.int32)
    drawn[chosen] = _take(coder, plan.left[chosen])
    _kernels().shuffle(places, drawn)
    digits = np.empty(places.shape, np.int32)
    _kernels().to_digits(places, plan.coded, digits)
    _put(coder, digits[plan.coded], plan.free[plan.coded])


def _pop(coder: Any, plan: Plan) -> np.ndarray:
    digits, places = np.zeros(plan.coded.shape, np.int32), np.empty(plan.coded.shape, np.int64)
    digits[plan.coded] = _take(coder, plan.free[plan.coded])
    _kernels().to_places(digits, plan.coded, places)
    if (chosen := plan.chosen).any():
        drawn = np.zeros(places.shape, np.int32)
        _kernels().unshuffle(places, plan.coded, plan.left, drawn)
        _put(coder, drawn[chosen], plan.left[chosen])
    return places


def _put(coder: Any, digits: np.ndarray, choices: np.ndarray) -> None:
    """Write digits, each uniform in its number of choices (two or more)."""
    wide = choices >= WIDE
    if wide.any():
        coder.encode_reverse(digits[wide] & ((1 << LOW) - 1), _uniform(1 << LOW))
        digits, choices = np.where(wide, digits >> LOW, digits), _high(choices, wide)
    if len(digits):
        coder.encode_reverse(digits, _uniform(), choices)


def _take(coder: Any, choices: np.ndarray) -> np.ndarray:
    """Read what `_put` wrote. Raises ValueError for digits that are none of the choices."""
    if not len(choices):
        return choices
    wide = choices >= WIDE
    digits = coder.decode(_uniform(), _high(choices, wide))
    if wide.any():
        digits[wide] = digits[wide] << LOW | coder.decode(_uniform(1 << LOW), int(wide.sum()))
        if (digits >= choices).any():
            raise ValueError("no coder wrote this")
    return digits


def _high(choices: np.ndarray, wide: np.ndarray) -> np.ndarray:
    return np.where(wide, ((choices - 1) >> LOW) + 1, choices)


def _parts(count: int, n: int) -> Iterator[slice]:
    """Which rows are worked on at a time: few at first, so that little is chosen before there is anything to take."""
    if n >= LONGEST:
        raise ValueError(f"rows must have fewer than 2³¹ values; got {n}: split the tensor")
    start = 0
    while start < count and n:
        stop = min(count, start + max(1, FIRST // n, min(start // GROWTH, PART // n)))
        yield slice(start, stop)
        start = stop


def _places(rows: Tensor) -> np.ndarray:
    """Where the values in the order of their bits stand: of equal ones, the first first."""
    keys = _bits(rows)
    if keys.itemsize > 4:
        return np.argsort(keys, axis=1, kind="stable")
    packed = keys.astype(np.int64) << 32 | np.arange(keys.shape[1])  # places as lower bits: no sort is faster
    packed.sort(axis=1)
    return packed & (LONGEST - 1)


def _bits(rows: Tensor) -> np.ndarray:
    return bits(rows.detach().cpu().contiguous()).numpy()


def _form(tensor: Tensor) -> str:
    return f"{list(tensor.shape)} of {str(tensor.dtype).removeprefix('torch.')}"


def _uniform(*size: int) -> Any:
    return _stream().model.Uniform(*size)


def _stream() -> Any:
    return import_module("constriction").stream  # its type stubs know no submodules


@cache
def _kernels() -> ModuleType:
    from rewire.permutations import lehmer  # numba takes a second to import

    return lehmer
