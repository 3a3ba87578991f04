"""Physical shrinking: from a network with filters that are off to a smaller one without them (Li et al. 2017)."""

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from rewire.gates.contents import unwrapped
from rewire.masks import Mask
from rewire.tickets.shrinking.channels import Trace, trace
from rewire.tickets.shrinking.cuts import Cuts, by_parameter, cut, cut_module, cuts, move_optimizer
from rewire.tickets.shrinking.liveness import Channels, kept, switches
from rewire.tickets.shrinking.rewriting import rewritten

TOLERANCE = {torch.float16: 0.05, torch.bfloat16: 0.1}  # of the largest output; 1e-3 of any other dtype


@torch.no_grad()
def shrink(
    model: nn.Module,
    mask: Mapping[str, Tensor] | None,
    example: Any,
    optimizer: torch.optim.Optimizer | None = None,
) -> nn.Module:
    """A smaller copy of `model` that computes what `model` computes with the entries outside `mask` set to zero.

    A channel goes, with its filter, bias, BatchNorm entries and slices of the next layers, when it is zero for every
    input, or when nothing looks at it. Channels that are added together go together: a filter whose sum with another
    is still alive stays, as zeros, which train like others unless they are masked (`shrink_mask`). In training mode
    the two networks agree as well, but for dropout, whose draws differ.

    Args:
        mask: boolean tensors by parameter name, as `filter_mask` makes them; parameters it does not name are on. None:
            what is exactly zero in the model is off.
        example: an input of the model, or a tuple of them; the copy is compared with the original on it.
        optimizer: one that trains `model`. It is turned to the copy: its parameters, their momentum and the like are
            cut as the weights are. Without this it goes on training `model`, whose parameters the copy does not
            share: make a new one.

    The copy has the class of `model`, except where its code pads channels with zeros or has a width written out: then
    it is a torch.fx.GraphModule with the same parameter names. Raises EmptyLayer (a ValueError) where a layer would
    lose all its filters, ValueError for a mask that is not the model's and for channels that cannot be followed.

    >>> model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    >>> mask = rewire.tickets.structured(model, {"0.weight": torch.arange(8) < 3}, torch.zeros(1, 4))
    >>> rewire.tickets.shrink(model, mask, torch.zeros(1, 4))
    Sequential(
      (0): Linear(in_features=4, out_features=3, bias=True)
      (1): ReLU()
      (2): Linear(in_features=3, out_features=2, bias=True)
    )
    """
    model = unwrapped(model)
    traced, stays, planned = _plan(model, mask, example)
    smaller = copy.deepcopy(traced.model)
    for name, parts in planned.items():
        cut_module(smaller.get_submodule(name), parts)
    smaller = rewritten(smaller, traced, stays)
    _compare(traced, smaller, example)
    modes = {name: module.training for name, module in model.named_modules()}
    for name, module in smaller.named_modules():
        module.training = modes.get(name, model.training)
    if optimizer is not None:
        move_optimizer(optimizer, model, smaller, planned)
    return smaller


def shrink_mask(model: nn.Module, mask: Mapping[str, Tensor], example: Any) -> Mask:
    """The same mask for the network that `shrink` makes: off where a filter is off and had to stay.

    A sequential network's is full; a residual one that goes on training with what `masked` does to it takes the very
    steps of the large one under `mask`.

    >>> model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    >>> mask = rewire.tickets.structured(model, {"0.weight": torch.arange(8) < 3}, torch.zeros(1, 4))
    >>> rewire.tickets.shrink_mask(model, mask, torch.zeros(1, 4))
    Mask(2 tensors, 15 of 15 on, density 1)
    """
    planned = _plan(unwrapped(model), mask, example)[2]
    positions = by_parameter(planned)
    return Mask({name: cut(on, positions.get(name, ())) for name, on in mask.items()})


@torch.no_grad()
def _plan(model: nn.Module, mask: Mapping[str, Tensor] | None, example: Any) -> tuple[Trace, Channels, Cuts]:
    """The masked network's trace, the channels that stay of its values, and what follows for its tensors."""
    mask = Mask(mask) if mask is not None else None  # boolean, or refused by name
    traced = trace(model, example)
    _zero_outside(traced.model, mask)
    stays = kept(traced.steps, switches(traced.model, traced.steps, mask))
    planned = cuts(traced, stays)
    _refuse_tied(model, planned)
    return traced, stays, planned


def _zero_outside(model: nn.Module, mask: Mapping[str, Tensor] | None) -> None:
    """Raises ValueError naming the first entry of the mask that is not a parameter of the model."""
    own = dict(model.named_parameters(remove_duplicate=False))
    for name, on in (mask or {}).items():
        if name not in own or own[name].shape != on.shape:
            theirs = list(own[name].shape) if name in own else "absent"
            raise ValueError(
                f"mask must be the model's; {name!r} is {list(on.shape)} in the mask, {theirs} in the model"
            )
        own[name].masked_fill_(~on.to(own[name].device), 0)


def _refuse_tied(model: nn.Module, planned: Cuts) -> None:
    places: dict[int, str] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        other = places.setdefault(id(parameter), name)
        # The same module under two names is one place; one parameter of two modules is not.
        if other != name and {each.rpartition(".")[0] for each in (name, other)} & set(planned):
            modules = [model.get_submodule(each.rpartition(".")[0]) for each in (name, other)]
            if modules[0] is not modules[1]:
                raise ValueError(
                    f"layers that shrink must have their own weights; {name!r} is tied to {other!r}: untie"
                )


def _compare(traced: Trace, smaller: nn.Module, example: Any) -> None:
    """The last guard: whatever the trace has misread shows here, and not in somebody's results."""
    arguments = example if isinstance(example, tuple) else (example,)
    try:
        pairs = zip(*(pytree.tree_leaves(module(*arguments)) for module in (traced.model, smaller)), strict=True)
        same = all(_close(one, other) for one, other in pairs if isinstance(one, Tensor))
    except (RuntimeError, ValueError, IndexError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"model must run with fewer channels; got {reason}: is a width written out?") from None
    if not same:
        raise ValueError("model must be one whose channels can be followed; the shrunk copy gave other outputs")


def _close(one: Tensor, other: Tensor) -> bool:
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    tolerance = TOLERANCE.get(one.dtype, 1e-3)
    one, other = one.double(), other.double()
    scale = one.abs().amax() if one.numel() else 1.0
    return bool(torch.allclose(one, other, rtol=0.0, atol=float(scale) * tolerance, equal_nan=True))
