"""Stability: how far apart two trainings of the same (sub)network end (Frankle et al. 2019, "Stabilizing the LTH").

To pruning: the ticket trained by itself against the dense network trained alike, both seen through the mask. To data
order: two trainings of the ticket that differ in the order of their examples only.
"""

import math
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from rewire.gates.contents import unwrapped
from rewire.masks import Mask

Network = nn.Module | Mapping[str, Tensor]


def distance(a: Network, b: Network, mask: Mask | None = None) -> float:
    """‖m ⊙ (W − W')‖₂ over all tensors of the mask together; without one, over all parameters.

    a, b: networks, or values by name; of a state dict without a mask, floating-point buffers count as well. Sums are
    taken in double precision. Raises ValueError naming the first tensor that is missing or misshapen.

    >>> a, b = {"w": torch.tensor([3.0, 1.0])}, {"w": torch.tensor([0.0, 5.0])}
    >>> distance(a, b), distance(a, b, rewire.Mask({"w": torch.tensor([True, False])}))
    (5.0, 3.0)
    """
    return math.sqrt(sum(float((x - y).square().sum()) for x, y in _pairs(a, b, mask)))


def angle(a: Network, b: Network, mask: Mask | None = None) -> float:
    """The angle between m ⊙ W and m ⊙ W', in degrees, 0 to 180; arguments and errors as for `distance`.

    Raises ValueError where one of the two is zero throughout, for it has no direction.

    >>> round(angle({"w": torch.tensor([1.0, 0.0])}, {"w": torch.tensor([2.0, 2.0])}), 6)
    45.0
    """
    pairs = list(_pairs(a, b, mask))
    lengths = [math.sqrt(sum(float(pair[side].square().sum()) for pair in pairs)) for side in (0, 1)]
    if not all(lengths):
        raise ValueError("both networks must have a non-zero weight on the mask; got zeros only, which point nowhere")
    # Of the unit vectors' difference and sum: the cosine alone could not tell small angles from rounding.
    apart, along = (
        math.sqrt(sum(float((x / lengths[0] + sign * y / lengths[1]).square().sum()) for x, y in pairs))
        for sign in (-1, 1)
    )
    return math.degrees(2 * math.atan2(apart, along))


def _pairs(a: Network, b: Network, mask: Mask | None) -> Iterator[tuple[Tensor, Tensor]]:
    """Tensor by tensor the entries that count, in double precision."""
    ours, theirs = _values(a), _values(b)
    for name in {**ours, **theirs} if mask is None else mask:
        x, y = _matching(name, ours, theirs, mask)
        if mask is not None:
            x, y = x.cpu()[mask[name].cpu()], y.cpu()[mask[name].cpu()]
        elif not x.is_floating_point() and not x.is_complex():  # a BatchNorm's count of batches is no coordinate
            continue
        wide = torch.promote_types(torch.promote_types(x.dtype, y.dtype), torch.float64)
        pair = [each.cpu().to(wide) for each in (x, y)]
        first, second = map(torch.view_as_real, pair) if wide.is_complex else pair  # two coordinates each
        yield first, second


def _matching(name: str, a: Mapping[str, Tensor], b: Mapping[str, Tensor], mask: Mask | None) -> tuple[Tensor, Tensor]:
    sources = {"a": a, "b": b} | ({} if mask is None else {"mask": mask})
    shapes = {key: str([*source[name].shape]) if name in source else "absent" for key, source in sources.items()}
    if "absent" in shapes.values() or len(set(shapes.values())) > 1:
        got = ", ".join(f"{shape} in {key}" for key, shape in shapes.items())
        raise ValueError(f"both networks and the mask must have the same tensors; {name!r} is {got}")
    return a[name].detach(), b[name].detach()


def _values(network: Network) -> Mapping[str, Tensor]:
    return dict(unwrapped(network).named_parameters()) if isinstance(network, nn.Module) else network
