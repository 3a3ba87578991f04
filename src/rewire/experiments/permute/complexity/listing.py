"""The cycles of a complete directed graph (§2.1), one by one: what `permutations.cycles.cycle_count` is checked by."""

from itertools import permutations


def listed_cycles(vertices: int) -> int:
    """How many there are of two or more vertices: every ordered choice of these that begins with its least one.

    >>> listed_cycles(4)
    20
    """
    return sum(
        path[0] == min(path) for length in range(2, vertices + 1) for path in permutations(range(vertices), length)
    )
