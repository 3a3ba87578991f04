"""Compiled matching: which values of a subset change places, row by row, for `dfs` and `bracket`.

A row is held as its values by slot and as `order`, its slots by ascending value, so that a subset that is drawn among
the ranks arrives sorted and no value is ever sorted. Within a subset a slot is called by its place in that order.
Slot x may take the value of y if r_x (w_x − w_y) > 0 and |w_x − w_y| < u: one way, up for r_x < 0 and down for r_x > 0.
Sets of places are bits, and down is up in the mirror (place x is place count − 1 − x there), so that a step of the
search is to find the lowest bit above an edge, whichever way: there is no branch to mispredict.

Numba is imported here, so import this module only where a kernel is run.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic

from rewire.compiled import compiled

SHIFT, REST = 6, 63  # place x is bit x & REST of word x >> SHIFT
LANES = 16
ONE, ALL = np.uint64(1), np.uint64(2**64 - 1)

# What is known of the places of a subset, a row of one array each: whether r > 0; seen its own way, the first place of
# another value; the place whose value it takes; the path of the search; places by priority; slot and rank in the row.
DOWN, EDGE, SOURCE, PATH, QUEUE, SLOT, RANK = range(7)
# Sets of places, each held twice, as seen upwards and downwards: those left, those on trial in a search, and the
# partners of who looks, which go the other way.
LEFT, TRIAL, PARTNERS = 0, 2, 4


def built(emitter: Callable[..., Any]) -> Any:
    """A function of compiled code whose instructions the emitter writes."""
    return intrinsic(emitter)


@built
def _lowest(typing: Any, word: Any) -> Any:
    """The place of the lowest bit that is set in a word other than 0."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], context.get_constant(types.boolean, True))

    return types.int64(types.uint64), emit


@compiled
def _seen(x: int, way: int, count: int) -> int:
    """A place as it is seen one way, or back."""
    return count - 1 - x if way else x


@compiled
def _add(sets: np.ndarray, which: int, place: int) -> None:
    sets[which, place >> SHIFT] |= ONE << np.uint64(place & REST)


@compiled
def _drop(sets: np.ndarray, which: int, place: int) -> None:
    sets[which, place >> SHIFT] &= ~(ONE << np.uint64(place & REST))


@compiled
def _nearest(x: int, places: np.ndarray, values: np.ndarray, sets: np.ndarray, which: int, count: int, u: float) -> int:
    """The nearest place of a set whose value x may take; −1: none."""
    way, edge = places[DOWN, x], places[EDGE, x]
    word = edge >> SHIFT
    found = sets[which + way, word] & (ALL << np.uint64(edge & REST))
    while not found and word < (count - 1) >> SHIFT:
        word += 1
        found = sets[which + way, word]
    if not found:
        return -1
    y = _seen((word << SHIFT) + _lowest(found), way, count)
    return y if abs(values[y] - values[x]) < u else -1


@compiled
def _search(root: int, places: np.ndarray, values: np.ndarray, sets: np.ndarray, count: int, u: float) -> int:
    """The length of the first cycle from the root to itself that a depth-first search, nearest first, finds: a path."""
    for word in range((count >> SHIFT) + 1):
        sets[TRIAL, word], sets[TRIAL + 1, word] = sets[LEFT, word], sets[LEFT + 1, word]
    x = places[PATH, 0] = root
    length = 1
    while length:
        y = _nearest(x, places, values, sets, TRIAL, count, u)
        if y == root:
            break
        if y < 0:
            length -= 1
            x = places[PATH, length - 1]
        else:
            _drop(sets, TRIAL, y)
            _drop(sets, TRIAL + 1, count - 1 - y)
            x = places[PATH, length] = y
            length += 1
    return length


@compiled
def _count_weaker(strength: np.ndarray, own: float, stronger: np.ndarray) -> None:
    for x in range(len(strength)):
        stronger[x] += np.int32(strength[x] < own)


@compiled
def _enqueue(places: np.ndarray, strength: np.ndarray, stronger: np.ndarray, count: int) -> None:
    """Places by descending strength, of equals the lower first: all pairs compared, in vectors, beats a sort."""
    whole = -(-count // LANES) * LANES  # what is beyond the count is compared too, for nothing, and faster
    strength, stronger = strength[:whole], stronger[:whole]
    stronger[:] = 0
    for x in range(count):
        _count_weaker(strength, strength[x], stronger)
    places[QUEUE, :count] = -1
    for x in range(count):
        turn = stronger[x]
        while places[QUEUE, turn] >= 0:
            turn += 1
        places[QUEUE, turn] = x


@compiled
def _look(places: np.ndarray, values: np.ndarray, sets: np.ndarray, count: int) -> None:
    """Edges and sets at the beginning: all places are left."""
    for word in range((count >> SHIFT) + 1):
        sets[LEFT, word] = sets[LEFT + 1, word] = ALL
        sets[PARTNERS, word] = sets[PARTNERS + 1, word] = 0
    sets[LEFT, count >> SHIFT] = sets[LEFT + 1, count >> SHIFT] = (ONE << np.uint64(count & REST)) - ONE
    first, last = 0, count - 1
    for x in range(count):
        y = count - 1 - x
        first = x if values[x] != values[first] else first
        last = y if values[y] != values[last] else last
        if places[DOWN, x]:
            places[EDGE, x] = count - first
        if not places[DOWN, y]:
            places[EDGE, y] = last + 1
        _add(sets, PARTNERS + 1 - places[DOWN, x], _seen(x, 1 - places[DOWN, x], count))


@compiled
def _retire(x: int, places: np.ndarray, sets: np.ndarray, count: int) -> None:
    _drop(sets, LEFT, x)
    _drop(sets, LEFT + 1, count - 1 - x)
    _drop(sets, PARTNERS + 1 - places[DOWN, x], _seen(x, 1 - places[DOWN, x], count))


@compiled
def _dfs(places: np.ndarray, values: np.ndarray, sets: np.ndarray, count: int, u: float) -> None:
    """Disjoint cycles: a search from each place by priority; the places of the cycle that it finds retire.

    A place is on a cycle if and only if it can swap with one that goes the other way: of x, which goes up, a path leads
    above x first, and the place from which it comes back to x, or past it, goes down and is within reach of x itself.
    So a search that must fail is never begun, and its root alone retires.
    """
    for i in range(count):
        root = places[QUEUE, i]
        if places[SOURCE, root] != root:
            continue
        if _nearest(root, places, values, sets, PARTNERS, count, u) < 0:
            _retire(root, places, sets, count)
            continue
        length = _search(root, places, values, sets, count, u)
        source = root
        for j in range(length - 1, -1, -1):
            x = places[PATH, j]
            places[SOURCE, x] = source
            source = x
            _retire(x, places, sets, count)


@compiled
def _bracket(places: np.ndarray, values: np.ndarray, count: int, u: float) -> None:
    """Swaps: places that go up open brackets and those that go down close them; of these pairs, some may swap."""
    depth = 0
    for x in range(count):
        if not places[DOWN, x]:
            places[PATH, depth] = x
            depth += 1
        elif depth:
            depth -= 1
            y = places[PATH, depth]
            if 0 < values[x] - values[y] < u:
                places[SOURCE, x], places[SOURCE, y] = y, x


@compiled
def _match(
    places: np.ndarray,
    values: np.ndarray,
    strength: np.ndarray,
    stronger: np.ndarray,
    sets: np.ndarray,
    count: int,
    u: float,
    swaps: bool,
) -> None:
    if swaps:
        _bracket(places, values, count, u)
    else:
        _look(places, values, sets, count)
        _enqueue(places, strength, stronger, count)
        _dfs(places, values, sets, count, u)


@compiled
def _room(size: int, like: np.ndarray) -> tuple[np.ndarray, ...]:
    """What is known of the places of one subset: their numbers, value, |r|, how many have more of it; and the sets."""
    places, values, strength = (
        np.empty((7, size), np.int64),
        np.empty(size, np.float64),
        np.zeros(size + LANES, like.dtype),
    )
    return places, values, strength, np.empty(size + LANES, np.int32), np.empty((6, (size >> SHIFT) + 1), np.uint64)


@compiled
def sources(ascending: np.ndarray, r: np.ndarray, u: float, swaps: bool) -> np.ndarray:
    """For each place of one subset, whose r are not 0, the place whose value it takes: its own where it stays."""
    count = len(ascending)
    places, values, strength, stronger, sets = _room(count, r)
    for x in range(count):
        places[SOURCE, x], places[DOWN, x] = x, r[x] > 0
        values[x], strength[x] = ascending[x], abs(r[x])
    _match(places, values, strength, stronger, sets, count, u, swaps)
    return places[SOURCE]


@compiled
def move(
    w: np.ndarray,
    r: np.ndarray,
    order: np.ndarray,
    members: np.ndarray,
    size: int,
    alpha: float,
    swaps: bool,
) -> None:
    """Move the values of rows w [R, n] in place, as r [R, n] recommends; order [R, n], slots by value, follows.

    `members` are ranks by subsets of `size`, each ascending; the last may be smaller. A slot with r = 0 takes no part,
    and u = (range of the row) · (alpha + 1 / places that take part). Cycles by `_dfs`, or swaps by `_bracket`.
    """
    places, values, strength, stronger, sets = _room(size, r)
    for row in range(len(w)):
        w_, r_, order_ = w[row], r[row], order[row]
        spread = np.float64(w_[order_[-1]]) - np.float64(w_[order_[0]])
        for start in range(0, len(members), size):
            count, downs = 0, 0
            for rank in members[start : start + size]:
                slot = order_[rank]
                if r_[slot] != 0:
                    places[SLOT, count], places[RANK, count], places[SOURCE, count] = slot, rank, count
                    places[DOWN, count] = r_[slot] > 0
                    values[count], strength[count] = w_[slot], abs(r_[slot])
                    downs += places[DOWN, count]
                    count += 1
            if downs == 0 or downs == count:
                continue
            _match(places, values, strength, stronger, sets, count, spread * (alpha + 1 / count), swaps)
            for x in range(count):
                w_[places[SLOT, x]] = values[places[SOURCE, x]]
                order_[places[RANK, places[SOURCE, x]]] = places[SLOT, x]
