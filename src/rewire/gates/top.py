"""The largest entries in magnitude, exactly so many of them, by selection: nothing is sorted.

A training step moves scores little, and their threshold less. So the kernel looks first in a narrow band around the
last one, and counts what is below it: if the threshold is there, one pass over the scores has found it. If not, it
selects by radix. The last threshold saves time and decides nothing.
"""

from functools import cache
from typing import Any

import torch
from torch import Tensor

from rewire.gates.product import Memory, is_watched, scratch
from rewire.gates.sampling import flat

BITS = {torch.float32: torch.int32, torch.float64: torch.int64}  # of a magnitude, as a whole number in the same order


@torch.no_grad()
def top_mask(score: Tensor, off: int, memory: Memory | None = None) -> Tensor:
    """A 0/1 mask in the score's dtype and shape, 0 for the `off` entries smallest in magnitude.

    Of equal magnitudes the earlier are off, as if by `score.abs().flatten().argsort(stable=True)[:off]`. Raises
    ValueError for NaN (a compiled or traced graph, which cannot raise, and a GPU, which would have to be waited for,
    keep the NaN on instead, and the gradient's law makes a NaN of the weight).

    >>> top_mask(torch.tensor([-3.0, 1.0, 2.0, 1.0]), 2)
    tensor([1., 0., 1., 0.])
    """
    if score.device.type == "cpu" and not is_watched():
        if score.dtype in BITS and score.is_contiguous():
            return _by_kernel(score, off, memory)
        if score.isnan().any():
            raise _nan(score)
    return _by_order(score.abs().flatten(), off).to(score.dtype).view(score.shape)


def _by_order(magnitude: Tensor, off: int) -> Tensor:
    if off == 0:
        return torch.ones_like(magnitude, dtype=torch.bool)
    smallest = magnitude.kthvalue(off + 1).values  # the smallest that is on
    tied, above = magnitude == smallest, magnitude > smallest
    excess = above.sum() + tied.sum() - (magnitude.numel() - off)
    return above | (tied & (tied.cumsum(0) > excess))


def _by_kernel(score: Tensor, off: int, memory: Memory | None) -> Tensor:
    mask = scratch(score, memory)
    if off == 0:
        if score.isnan().any():
            raise _nan(score)
        return mask.fill_(1)
    bits, room = (flat(tensor.view(BITS[score.dtype])) for tensor in (score, scratch(score, memory)))
    low, width = memory.hint if memory is not None and memory.hint is not None else (0, 0)
    low, width = _kernel().mark_top(bits, off, low, width, room, flat(mask))
    if width < 0:
        raise _nan(score)
    if memory is not None:
        memory.hint = low, width
    return mask


def _nan(score: Tensor) -> ValueError:
    return ValueError(
        f"scores must be numbers; got NaN in one of shape {list(score.shape)}: training diverged, lower the scores' "
        "learning rate"
    )


@cache
def _kernel() -> Any:
    from rewire.gates import top_kernel  # numba takes a second to import

    return top_kernel
