"""How far weights can travel among their neighbours in value between two syncs, and how often to sync for that.

A sync changes nothing unless neighbours in value have crossed. In a row of n values drawn with the standard deviation
√(2/n) of He's initialisation, neighbours in the middle are g = √(2/n) · √(2π) / n apart; within k steps of about lr
each, two that go opposite ways close a gap of 2 k lr. Their quotient, the mobility, is how many neighbours one weight
passes. Where the learning rate falls and k does not, it falls below 1 and training stalls.
"""

import math

# Published settings give 0.32 (784 inputs, k = 20, lr 1e-3) and 0.14 (3 × 3 × 64 inputs, k = 10) before the first drop
# of lr. On Fashion-MNIST a 784-200-100-10 network is best between 0.16 and 0.32: more and syncs lose what was learned,
# less and they undo it before it is enough to change the order.
SHARE = 0.25
NEVER = 2**31 - 1


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


def steady_k(lr: float, n: int, share: float = SHARE) -> int:
    """The k with which a weight passes this share of its n neighbours: max(1, round(share · n · g / 2 lr)).

    What `LAPerm(k="auto")` uses: it grows as lr falls, so that k lr / g is held. With lr 0 nothing moves, and k is out
    of reach.

    >>> steady_k(1e-3, 784), steady_k(1e-4, 784), steady_k(1e-5, 784)
    (16, 158, 1583)
    """
    return NEVER if lr <= 0 else min(NEVER, max(1, round(share * n * central_gap(n) / (2 * lr))))
