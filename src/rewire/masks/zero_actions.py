"""Mask-zero actions: the values at which pruned weights are frozen, beside zero.

Each is a function of one layer whose parameter names say what it needs: its values before (`init`) and after (`final`)
training, the `mask` of what is kept, a `generator`. It returns a new tensor like `init`, 0 where the mask is on.
`tickets.masked(model, mask, off=values)` keeps pruned weights at such values. What kept weights start from is in
`actions.py`.
"""

from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch import Tensor

from rewire.masks.acting import Action, check, kept
from rewire.masks.actions import fallen


def zero(init: Tensor, mask: Tensor) -> Tensor:
    """Pruned weights are 0 (Frankle & Carbin 2019).

    Raises ValueError for a mask of another shape, TypeError for one that is not boolean, as all actions do.

    >>> zero(torch.tensor([1.0, 2.0]), torch.tensor([True, False]))
    tensor([0., 0.])
    """
    check(init, mask)
    return torch.zeros_like(init.detach())


def freeze(init: Tensor, mask: Tensor) -> Tensor:
    """Pruned weights stay at their initial values (Zhou et al. 2019, §3). Raises as `zero` does.

    >>> freeze(torch.tensor([1.0, 2.0]), torch.tensor([True, False]))
    tensor([0., 2.])
    """
    check(init, mask)
    return kept(init.detach(), ~mask)


def freeze_risen(init: Tensor, final: Tensor, mask: Tensor) -> Tensor:
    """Pruned weights whose magnitude fell in training are 0, the others stay at their initial values.

    Variant 1 of Zhou et al. 2019, §3; with the mask-one action `rewind_risen` it is their variant 2. Raises as `zero`
    does.

    >>> freeze_risen(torch.tensor([1.0, 1.0]), torch.tensor([0.5, -2.0]), torch.tensor([False, False]))
    tensor([0., 1.])
    """
    return freeze(init, mask).masked_fill(fallen(init, final), 0)


def freeze_fallen(init: Tensor, final: Tensor, mask: Tensor) -> Tensor:
    """The opposite of `freeze_risen`, a control: pruned weights that fell stay, those that rose are 0.

    >>> freeze_fallen(torch.tensor([1.0, 1.0]), torch.tensor([0.5, -2.0]), torch.tensor([False, False]))
    tensor([1., 0.])
    """
    return freeze(init, mask).masked_fill(fallen(final, init), 0)


def freeze_random(init: Tensor, final: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
    """As many pruned weights as in `freeze_risen` are 0, but randomly chosen ones, a control.

    >>> init, final = torch.ones(6), torch.tensor([0.0, 0.0, 2.0, 2.0, 2.0, 2.0])
    >>> freeze_random(init, final, torch.zeros(6, dtype=torch.bool), torch.Generator().manual_seed(0)).sum()
    tensor(4.)
    """
    frozen = freeze(init, mask)
    pruned = (~mask).flatten().nonzero().squeeze(1)
    count = int((fallen(init, final) & ~mask.to(init.device)).count_nonzero())
    order = torch.randperm(len(pruned), generator=generator, device=generator.device)[:count]
    drawn = torch.zeros(mask.numel(), dtype=torch.bool, device=mask.device)
    drawn[pruned[order.to(pruned.device)]] = True
    return kept(frozen, ~drawn.reshape(mask.shape))


MASK_ZERO: Mapping[str, Action] = MappingProxyType(
    {
        "zero": zero,
        "freeze": freeze,
        "freeze_risen": freeze_risen,
        "freeze_fallen": freeze_fallen,
        "freeze_random": freeze_random,
    }
)
