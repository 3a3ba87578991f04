"""How far values may move and how large the subsets are, at step t = 1, 2, …: closed forms, so that resume is exact.

From Qiu & Suda 2022, "Permute to Train", §2: α ← max(β₁ α, α_min) and λ ← min(β₂ λ, λ_max) before each use.
"""

import math

SMALLEST = 10  # places in a subset, where a row has as many


def aggressiveness(t: int, start: float, minimum: float, decay: float) -> float:
    """α at step t, a fraction of a row's range: start · decayᵗ, but at least the minimum.

    >>> aggressiveness(2, 0.15, 0.005, 0.5), aggressiveness(100, 0.15, 0.005, 0.5)
    (0.0375, 0.005)
    """
    return max(start * decay**t, minimum)


def fraction(t: int, start: float, maximum: float, growth: float) -> float:
    """λ at step t, a subset's part of a row: start · growthᵗ, but at most the maximum.

    >>> fraction(1, 0.05, 0.1, 1.5), fraction(10**6, 0.05, 0.1, 1 / 0.995)
    (0.07500000000000001, 0.1)
    """
    if t * math.log(growth) > math.log(maximum / start):
        return maximum
    return min(start * growth**t, maximum)


def subset_size(n: int, part: float) -> int:
    """Places in a subset of a row of n: max(10, ⌊λ n⌋), but no more than there are.

    >>> subset_size(784, 0.05), subset_size(100, 0.05), subset_size(4, 1.0)
    (39, 10, 4)
    """
    return min(max(SMALLEST, int(part * n)), n)
