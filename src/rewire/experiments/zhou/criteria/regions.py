"""The regions of the (w_i, w_f) plane that criteria keep, written down once more, apart from `masks.formulas`.

A region is made from what was kept: the least rectangle, half-plane or band of the criterion's shape that holds all of
it. A mask is right if no pruned weight lies inside.
"""

from collections.abc import Callable

import torch
from torch import Tensor

# What a criterion has a threshold on; where it has two, both must hold.
RANKED: dict[str, Callable[[Tensor, Tensor], tuple[Tensor, ...]]] = {
    "large_final": lambda i, f: (f.abs(),),
    "magnitude_increase": lambda i, f: (f.abs() - i.abs(),),
    "movement": lambda i, f: ((f - i).abs(),),
    "large_init_large_final": lambda i, f: (i.abs(), f.abs()),
    "large_init": lambda i, f: (i.abs(),),
    "small_init_small_final": lambda i, f: (-i.abs(), -f.abs()),
    "small_init": lambda i, f: (-i.abs(),),
    "small_final": lambda i, f: (-f.abs(),),
}


def misplaced(criterion: str, init: Tensor, final: Tensor, on: Tensor) -> int:
    """How many pruned weights lie strictly inside the region of those kept; 0 for "random", which has no region.

    >>> init, final = torch.zeros(3), torch.tensor([1.0, -2.0, 3.0])
    >>> [misplaced("large_final", init, final, torch.tensor(on)) for on in ([False, True, True], [True, False, True])]
    [0, 1]
    """
    if criterion not in RANKED:
        return 0
    inside = torch.ones_like(on)
    for values in RANKED[criterion](init, final):
        inside &= values > values[on].min()
    return int((inside & ~on).count_nonzero())
