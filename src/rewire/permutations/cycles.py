"""How far values moved: the permutation from one row to another, and the cycles that it is made of."""

import math

import torch
from torch import Tensor

from rewire.permutations.rows import bits, same_multiset


def between(before: Tensor, after: Tensor) -> Tensor:
    """The permutation of each row with after = before[permutation], bit for bit: int64 [R, n], like the rows.

    Where values occur more than once, those that stand where they stood stay there, and the others go in the order of
    their positions: of all such permutations, one that moves the fewest.

    Raises ValueError where a row of one does not hold the values of that row of the other.

    >>> between(torch.tensor([[0.1, 0.2, 0.0, 0.0]]), torch.tensor([[0.2, 0.0, 0.0, 0.1]]))
    tensor([[1, 3, 2, 0]])
    """
    if before.ndim != 2 or not same_multiset(before, after):
        raise ValueError("after must hold the values of before, [R, n], each row its own; got others: compare rows(p)")
    old, new = (bits(tensor.detach().contiguous()) for tensor in (before, after))
    stays = old == new
    source, target = _order(old, stays), _order(new, stays)
    return torch.empty_like(source).scatter_(1, target, source)


def cycles(permutation: Tensor) -> list[list[int]]:
    """The cycles of one row's permutation [n] that are longer than one, each from its least index on.

    A cycle [a, b, c] says that the value at a came from b, that at b from c, and that at c from a.

    Raises ValueError for what is no permutation of 0 … n − 1.

    >>> cycles(torch.tensor([1, 3, 2, 0]))
    [[0, 1, 3]]
    """
    source = permutation.tolist()
    if permutation.ndim != 1 or sorted(source) != list(range(len(source))):
        raise ValueError(f"permutation must hold each of 0 … n − 1 once; got {list(permutation.shape)}: take one row")
    found, seen = [], set()
    for start in range(len(source)):
        cycle, at = [], start
        while at not in seen:
            seen.add(at)
            cycle.append(at)
            at = source[at]
        if len(cycle) > 1:
            found.append(cycle)
    return found


def moved(permutation: Tensor) -> float:
    """The fraction of slots whose value came from another, over all rows [R, n] or one [n]; 0.0 of no slots.

    >>> moved(torch.tensor([[1, 3, 2, 0]]))
    0.75
    """
    stay = torch.arange(permutation.shape[-1], device=permutation.device)
    return int((permutation != stay).count_nonzero()) / max(permutation.numel(), 1)


def cycle_count(n: int) -> int:
    """How many cycles of two or more there are on n slots: Σ C(n, L) (L − 1)! over L = 2 … n (Qiu & Suda 2022, §2.1).

    >>> [cycle_count(n) for n in range(2, 8)]
    [1, 5, 20, 84, 409, 2365]
    """
    return sum(math.comb(n, length) * math.factorial(length - 1) for length in range(2, n + 1))


def log10_orders(n: int, equal: int = 0) -> float:
    """log10 of the number of different orders of n values, `equal` of which are the same: n! / equal!.

    Without the zeros' orders, a 784-500-300-10 network that is 90 % zeros has 10^1,158,714 times fewer of them
    (Qiu & Suda 2022, §5.2.3):

    >>> layers = {784: 500, 500: 300, 300: 10}
    >>> round(sum(rows * (log10_orders(n) - log10_orders(n, round(0.9 * n))) for n, rows in layers.items()))
    1158714
    """
    return (math.lgamma(n + 1) - math.lgamma(equal + 1)) / math.log(10)


def _order(values: Tensor, stays: Tensor) -> Tensor:
    """Positions by whether they stay, then by value, then by position."""
    by_value = values.argsort(dim=1, stable=True)
    return by_value.gather(1, stays.gather(1, by_value).byte().argsort(dim=1, stable=True))
