"""Compiled kernels: where the values of a row's profile stand, as digits of mixed radix, and back.

A row's profile is its values in sorted order; places[j] is where value j stands. Lehmer's code tells place after place
by its number among the places still free: n choices for the first, n − 1 for the next. The values of the row's longest
run of equal ones are told last, that is not at all: they take the places that are left, as zeros of a sparse row do.

All arrays are [R, n], one row after another; `coded` is what of a profile is told. One thread; whole numbers only.
Numba is imported here and nowhere else in the codec, so import this module only where a kernel is run.
"""

import numpy as np

from rewire.compiled import compiled


@compiled
def plan(tied: np.ndarray, coded: np.ndarray, free: np.ndarray, left: np.ndarray) -> None:
    """What of each row is told (coded), how many places are free by then, and how many equal values are left.

    tied: whether a value equals the one before it. Both counts include the value itself.
    """
    for r in range(tied.shape[0]):
        n = tied.shape[1]
        start, longest, first = 0, 0, 0
        for j in range(n + 1):
            if j == n or not tied[r, j]:
                if j - start > longest:
                    longest, first = j - start, start
                for i in range(start, j):
                    left[r, i] = j - i
                start = j
        told = 0
        for j in range(n):
            coded[r, j] = j < first or j >= first + longest
            free[r, j] = n - told
            told += coded[r, j]


@compiled
def to_digits(places: np.ndarray, coded: np.ndarray, digits: np.ndarray) -> None:
    """digits[j]: how many free places come before places[j]."""
    n = places.shape[1]
    size = _leaves(n)
    before = np.empty(size, np.int32)
    for r in range(places.shape[0]):
        _all_free(before, n)
        for j in range(n):
            if coded[r, j]:
                node, digit, half, place = 1, 0, size >> 1, places[r, j]
                while half:
                    right = int((place & half) != 0)  # a number, not a condition: nothing to predict wrongly
                    count = before[node]
                    digit += count * right
                    before[node] = count - 1 + right
                    node, half = 2 * node + right, half >> 1
                digits[r, j] = digit


@compiled
def to_places(digits: np.ndarray, coded: np.ndarray, places: np.ndarray) -> None:
    """The inverse of `to_digits`; what is not coded takes the places left, in order."""
    n = places.shape[1]
    size = _leaves(n)
    before, taken = np.empty(size, np.int32), np.empty(n, np.bool_)
    for r in range(places.shape[0]):
        _all_free(before, n)
        taken[:] = False
        for j in range(n):
            if coded[r, j]:
                node, digit, half = 1, digits[r, j], size >> 1
                while half:
                    count = before[node]
                    right = int(digit >= count)
                    digit -= count * right
                    before[node] = count - 1 + right
                    node, half = 2 * node + right, half >> 1
                places[r, j] = node - size
                taken[node - size] = True
        place = 0
        for j in range(n):
            if not coded[r, j]:
                while taken[place]:
                    place += 1
                places[r, j] = place
                taken[place] = True


@compiled
def shuffle(places: np.ndarray, drawn: np.ndarray) -> None:
    """Exchange places within runs of equal values, as Fisher and Yates do: that of j with that of j + drawn[j]."""
    for r in range(places.shape[0]):
        for j in range(places.shape[1]):
            i = j + drawn[r, j]
            places[r, j], places[r, i] = places[r, i], places[r, j]


@compiled
def unshuffle(places: np.ndarray, coded: np.ndarray, left: np.ndarray, drawn: np.ndarray) -> None:
    """What `shuffle` has drawn for places that ascended within each run."""
    n = places.shape[1]
    at = np.empty(n, np.int64)
    for r in range(places.shape[0]):
        j = 0
        while j < n:
            end = j + left[r, j]
            if coded[r, j] and end - j > 1:
                run = np.sort(places[r, j:end])  # goes through the same exchanges again
                for i in range(j, end):
                    at[run[i - j]] = i
                for i in range(j, end):
                    found = at[places[r, i]]
                    drawn[r, i] = found - i
                    run[found - j] = run[i - j]
                    at[run[i - j]] = found
            j = end


@compiled
def _leaves(n: int) -> int:
    size = 1
    while size < n:
        size *= 2
    return size


@compiled
def _all_free(before: np.ndarray, n: int) -> None:
    """A tree over the places: how many of those in a node's left half are free; node 1 is the root."""
    width, first = len(before), 1
    while first < len(before):
        half = width >> 1
        for i in range(first):
            before[first + i] = min(max(n - i * width, 0), half)
        width, first = half, first * 2
