"""Li et al. 2017: whole filters by their L1 norm, and the masks that turn off a filter with all that hangs on it."""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import torch
from torch import Tensor, nn

from rewire.errors import choice
from rewire.gates.contents import unwrapped
from rewire.masks import EmptyLayer, Mask, select
from rewire.tickets.shrinking.channels import Trace, trace
from rewire.tickets.shrinking.liveness import alive, switches
from rewire.tickets.shrinking.steps import Step

COUPLED = ("whole", "together")
END = "(the end)"


def filter_norms(model: nn.Module, p: float = 1.0, linear: bool = False) -> dict[str, Tensor]:
    """The Lp norm of every filter of every convolution (Li et al. 2017, §3: p = 1): {"conv1.weight": [filters]}.

    linear: the units of linear layers as well.

    >>> conv = nn.Conv2d(1, 2, 1)
    >>> conv.weight.data = torch.tensor([3.0, -5.0]).view(2, 1, 1, 1)
    >>> filter_norms(nn.Sequential(conv))
    {'0.weight': tensor([3., 5.])}
    """
    kinds = (nn.Conv1d, nn.Conv2d, nn.Conv3d, *((nn.Linear,) if linear else ()))
    layers = {f"{name}.weight": m.weight for name, m in unwrapped(model).named_modules() if isinstance(m, kinds)}
    return {name: torch.linalg.vector_norm(w.detach().flatten(1).float(), p, dim=1) for name, w in layers.items()}


def filter_mask(
    model: nn.Module,
    keep: float | Mapping[str, float],
    example: Any,
    *,
    scores: Mapping[str, Tensor] | None = None,
    linear: bool = False,
    ignore: Sequence[str] = (),
    coupled: str = "whole",
    generator: torch.Generator | None = None,
) -> Mask:
    """The mask that keeps, in each layer, the round(keep · n) filters with the highest L1 norm (Li et al. 2017).

    A filter that is off takes its bias and its BatchNorm entries along, so that its feature map is zero, and `shrink`
    can remove it. Layers whose channels reach the output stay whole, for these are the classes.

    Args:
        keep: the fraction kept, in (0, 1], or glob patterns of names ("conv1.weight") to fractions.
        example: an input of the model, or a tuple of them.
        scores: other scores per filter, by name of the weight; default `filter_norms(model, linear=linear)`.
        linear: choose among the units of hidden linear layers, too.
        ignore: glob patterns of names of weights to leave whole.
        coupled: layers whose outputs are added to others (residual networks) stay "whole", as in Li et al.'s main
            results, or choose "together": those that are added keep the same filters, by the sum of their scores.
        generator: breaks ties, see `select`.

    Raises EmptyLayer (a ValueError) where a layer would lose all its filters, ValueError for bad input.

    >>> model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 4, 3))
    >>> filter_mask(model, 0.5, torch.zeros(1, 1, 8, 8)).densities()
    {'0.weight': 0.5, '0.bias': 0.5, '1.weight': 0.5, '1.bias': 0.5}
    """
    if coupled not in COUPLED:
        raise choice("coupled", COUPLED, coupled)
    scores = filter_norms(model, linear=linear) if scores is None else scores
    traced = trace(model, example)
    groups = [
        [name for name in group if name in scores and not _any(name, ignore)] for group in _groups(traced, coupled)
    ]
    groups = [group for group in groups if group]
    if not groups:
        raise ValueError(
            "model must have filters that can go; got none: all are ignored, added, or not followed to a next layer"
        )
    sums = {group[0]: torch.stack([scores[name].float() for name in group]).sum(0) for group in groups}
    chosen = select(sums, keep, generator=generator)
    return _structured(traced, {name: chosen[group[0]] for group in groups for name in group})


def structured(model: nn.Module, filters: Mapping[str, Tensor], example: Any) -> Mask:
    """The mask of chosen filters: {"conv1.weight": which of its filters are on, boolean [filters]} → a mask of entries.

    It names the weights and biases of these layers, and weights and biases of every BatchNorm: the entries of feature
    maps that are zero now are off, for a BatchNorm would make something of them. A map that is the sum of several
    filters' is zero when all of them are off.

    Raises EmptyLayer (a ValueError) for a layer without filters, ValueError for foreign names or sizes.
    """
    return _structured(trace(model, example), filters)


def _structured(traced: Trace, filters: Mapping[str, Tensor]) -> Mask:
    layers = {f"{step.module}.weight": step.module for step in traced.steps.values() if step.kind == "layer"}
    entries: dict[str, Tensor] = {}
    for name, on in filters.items():
        if name not in layers:
            raise choice("filters", layers, name, "name weights of convolutions and linear layers")
        module = traced.model.get_submodule(layers[name])
        count = len(module.get_parameter("weight"))
        if on.dtype != torch.bool or on.shape != (count,):
            got = f"{on.dtype} of shape {list(on.shape)}"
            raise ValueError(f"filters must be a boolean for each of the {count} of {name!r}; got {got}")
        if not on.any():
            raise EmptyLayer(name, len(on))
        entries |= _entries(module, layers[name], on)
    on = switches(traced.model, traced.steps, entries)
    reached = alive(traced.steps, on, norms_pass=True)
    norms: dict[str, Tensor] = {}
    for step in traced.steps.values():
        if step.kind in ("norm", "depthwise"):
            mine = reached[step.links[0].source]
            norms[step.module] = norms.get(step.module, False) | mine  # one module may serve several values
    for name, on in norms.items():
        entries |= _entries(traced.model.get_submodule(name), name, on)
    return Mask(entries)


def _entries(module: nn.Module, name: str, on: Tensor) -> dict[str, Tensor]:
    """A choice of a layer's outputs as masks of its parameters."""
    own = {key: tensor for key, tensor in module._parameters.items() if tensor is not None}
    shaped = {key: on.to(tensor.device).view(-1, *[1] * (tensor.dim() - 1)) for key, tensor in own.items()}
    return {f"{name}.{key}": shaped[key].expand(tensor.shape) for key, tensor in own.items()}


def _groups(traced: Trace, coupled: str) -> Iterator[list[str]]:
    """Layers whose filters can go, as names of weights; those that must agree in one list."""
    meets: dict[str, set[str]] = {}
    for name, step in traced.steps.items():
        if step.kind == "layer":
            meets.setdefault(f"{step.module}.weight", set()).update(_meets(traced.steps, name, coupled == "together"))
    possible = {name: met for name, met in meets.items() if END not in met and (not met or coupled == "together")}
    while possible:
        group = [first := next(iter(possible))]
        met = possible.pop(first)
        while joined := [name for name, others in possible.items() if others & met]:
            met |= set().union(*(possible.pop(name) for name in joined))
            group += joined
        yield [name for name in meets if name in group]


def _meets(steps: Mapping[str, Step], layer: str, stop_at_padding: bool) -> set[str]:
    """The additions that a layer's channels come to before the next layer; END for an output or an opaque step."""
    met, todo, seen = set(), [layer], set()
    while todo:
        value = todo.pop()
        for name, step in steps.items():
            if name in seen or value not in {link.source for link in step.links} or step.kind == "layer":
                continue
            if step.kind in ("sink", "opaque"):
                return {END}
            seen.add(name)
            if sum(len(link.put) for link in step.links) > step.width:
                met.add(name)
            if not (step.free and stop_at_padding):
                todo.append(name)
    return met


def _any(name: str, patterns: Sequence[str]) -> bool:
    return any(name == pattern or fnmatchcase(name, pattern) for pattern in patterns)
