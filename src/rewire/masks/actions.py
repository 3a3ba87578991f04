"""Mask-one actions: the values from which kept weights start again, beside rewinding them to their own.

Each is a function of one layer (init, mask, generator) and returns a new tensor like `init`, 0 where the mask is off.
Permutations and draws are made on the generator's device, so that a seed gives the same values wherever `init` is.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

Initialiser = Callable[[Tensor, torch.Generator], object]


def reinit(init: Tensor, mask: Tensor, generator: torch.Generator, initialiser: Initialiser) -> Tensor:
    """A new draw: kept weights take the values that `initialiser` gives a whole layer of this shape.

    initialiser(tensor, generator) fills the tensor in place, as those of torch.nn.init do: fan-in and fan-out are the
    dense layer's. Raises ValueError for a mask of another shape, TypeError for one that is not boolean.

    >>> draw = lambda tensor, generator: nn.init.uniform_(tensor, 1, 2, generator=generator)
    >>> mask, generator = torch.tensor([True, False, True]), torch.Generator().manual_seed(0)
    >>> reinit(torch.zeros(3), mask, generator, draw) > 0
    tensor([ True, False,  True])
    """
    _check(init, mask)
    fresh = torch.empty(init.shape, dtype=init.dtype, device=generator.device)
    with torch.no_grad():
        initialiser(fresh, generator)
    return _kept(fresh.to(init.device), mask)


def reinit_shuffled(init: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
    """All initial values of the layer, pruned ones included, in a random order (`random_reinit` of Zhou et al.'s code).

    The text of Zhou et al. 2019 has a new draw instead: `reinit`. Raises as `reinit` does.

    >>> init, mask = torch.arange(1.0, 6.0), torch.tensor([True, True, False, False, True])
    >>> shuffled = reinit_shuffled(init, mask, torch.Generator().manual_seed(0))
    >>> (shuffled != 0).equal(mask), torch.isin(shuffled[mask], init).all().item()
    (True, True)
    """
    _check(init, mask)
    flat = init.detach().flatten()
    return _kept(flat[_order(flat.numel(), generator).to(flat.device)].reshape(init.shape), mask)


def reshuffle(init: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
    """The kept initial values in a random order among themselves (Zhou et al. 2019, §4.1). Raises as `reinit` does.

    >>> init, mask = torch.arange(1.0, 6.0), torch.tensor([True, True, False, False, True])
    >>> reshuffle(init, mask, torch.Generator().manual_seed(0)).sort().values
    tensor([0., 0., 1., 2., 5.])
    """
    _check(init, mask)
    on = mask.to(init.device)
    survivors = init.detach()[on]
    shuffled = torch.zeros_like(init.detach(), memory_format=torch.contiguous_format)
    shuffled[on] = survivors[_order(survivors.numel(), generator).to(init.device)]
    return shuffled


def act(
    action: Callable[[Tensor, Tensor, torch.Generator], Tensor],
    values: Mapping[str, Tensor],
    mask: Mapping[str, Tensor],
    generator: torch.Generator,
) -> dict[str, Tensor]:
    """All values of a network, those that the mask names replaced by the action's; layers in the mask's order.

    Raises ValueError for a mask with a name that is not among the values, or another shape.

    >>> values = {"weight": torch.arange(4.0), "bias": torch.ones(2)}
    >>> mask = rewire.Mask({"weight": torch.tensor([False, True, True, False])})
    >>> sorted(act(reshuffle, values, mask, torch.Generator().manual_seed(0))["weight"].tolist())
    [0.0, 0.0, 1.0, 2.0]
    """
    missing = [name for name in mask if name not in values]
    if missing:
        raise ValueError(f"mask must name tensors of values; got {missing[0]!r}: the mask is another network's")
    return {**values, **{name: action(values[name], on, generator) for name, on in mask.items()}}


def _order(count: int, generator: torch.Generator) -> Tensor:
    return torch.randperm(count, generator=generator, device=generator.device)


def _kept(values: Tensor, mask: Tensor) -> Tensor:
    return values.masked_fill(~mask.to(values.device), 0)


def _check(init: Tensor, mask: Tensor) -> None:
    if mask.dtype != torch.bool:
        raise TypeError(f"mask must be a boolean tensor; got {mask.dtype}: compare first, as in score > 0")
    if mask.shape != init.shape:
        raise ValueError(f"mask must have the shape of init, {list(init.shape)}; got {list(mask.shape)}")
