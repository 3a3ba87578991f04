"""Rewiring: zeros are values too, so that a network trained by permutation also learns where its zeros are.

Start sparse, let LAPerm move values and zeros together, then train what is not zero under the mask that came of it;
Qiu & Suda 2022, §5.2.3. A mask goes in and a mask comes out, from which a ticket can start.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from rewire.masks import Mask, select
from rewire.permutations.rows import weight_slots


def sparsify(model: nn.Module, density: float | Mapping[str, float], generator: torch.Generator | None = None) -> Mask:
    """Set random weights to zero in place, leaving exactly round(density · n) of every layer's n; the mask of the rest.

    Layers are the weights that are permuted: of two and more dimensions, no embeddings, no normalisation layers.

    Args:
        density: the fraction kept, in (0, 1]; or glob patterns of names to fractions, of which the first match counts.
        generator: on the CPU; None is one seeded alike at every call.

    Raises EmptyLayer (a ValueError that has `.layer`) when a layer would keep nothing, ValueError for bad input.

    >>> model = nn.Linear(20, 10)
    >>> mask = rewire.permutations.sparsify(model, 0.1)
    >>> mask.kept, model.weight.count_nonzero()
    (20, tensor(20))
    """
    generator = generator or torch.Generator().manual_seed(0)
    weights = weight_slots(model)
    lots = {name: torch.rand(weight.shape, generator=generator) for name, weight in weights.items()}
    return zero_(model, select(lots, density, generator=generator))


@torch.no_grad()
def zero_(model: nn.Module, mask: Mapping[str, Tensor]) -> Mask:
    """Set the weights that are off in the mask to +0 in place, to start rewiring from any mask; returns the mask.

    Raises ValueError for a mask of another model, naming the tensor.

    >>> model = nn.Linear(2, 1)
    >>> mask = rewire.permutations.zero_(model, {"weight": torch.tensor([[True, False]])})
    >>> rewire.permutations.wiring(model) == mask
    True
    """
    mask = mask if isinstance(mask, Mask) else Mask(mask)
    weights = weight_slots(model)
    mask.check({name: weights[name] for name in mask if name in weights})
    for name, on in mask.items():
        weights[name].masked_fill_(~on.to(weights[name].device), 0)
    return mask


def wiring(model: nn.Module) -> Mask:
    """The mask of the weights that are not zero, in the layers that `sparsify` is about.

    Of a LAPerm phase, to be read right after a sync or within `synced()`: inner weights are not zero where zeros are
    to be. Then train on, with the same optimizer and its state, in `rewire.tickets.masked(model, wiring(model))`.

    >>> model = nn.Linear(3, 1)
    >>> model.weight.data = torch.tensor([[0.5, 0.0, -0.0]])
    >>> rewire.permutations.wiring(model)["weight"]
    tensor([[ True, False, False]])
    """
    return Mask({name: weight.detach() != 0 for name, weight in weight_slots(model).items()})
