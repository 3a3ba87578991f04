"""How far weights can travel among their neighbours in value between two syncs, and how often to sync for that.

A sync changes nothing unless neighbours in value have crossed. In a row of n values drawn with the standard deviation
√(2/n) of He's initialisation, neighbours in the middle are g = √(2/n) · √(2π) / n apart; within k steps of about lr
each, two that go opposite ways close a gap of 2 k lr. Their quotient, the mobility, is how many neighbours one weight
passes. Where the learning rate falls and k does not, it falls below 1 and training stalls.
"""

import math

# Published settings give 248 (784 inputs, k = 20, lr 1e-3) and 78 (3 × 3 × 64 inputs, k = 10) before the first drop.
TARGET = 100.0
LONGEST = 2**31 - 1


def central_gap(n: int) -> float:
    """g = √(2/n) · √(2π) / n, the distance of neighbours in the middle of n values from N(0, 2/n).

    >>> round(central_gap(784), 6)
    0.000161
    """
    return math.sqrt(2 / n) * math.sqrt(2 * math.pi) / n


def mobility(k: float, lr: float, n: int) -> float:
    """μ = 2 k lr / g, the neighbours that a weight passes in k steps of size lr within a row of n values.

    It takes a step for as long as lr, which is what Adam's are at most; divide by what yours are shorter.

    >>> round(mobility(20, 1e-3, 784))
    248
    """
    return 2 * k * lr / central_gap(n)


def steady_k(lr: float, n: int, target: float = TARGET) -> int:
    """The k that gives this mobility, at least 1: what `LAPerm(k="auto")` uses. It grows as lr falls.

    lr 0 moves nothing: k is then out of reach.

    >>> steady_k(1e-3, 784), steady_k(1e-4, 784), steady_k(1e-5, 784)
    (8, 81, 808)
    """
    return LONGEST if lr <= 0 else min(LONGEST, max(1, round(target * central_gap(n) / (2 * lr))))
