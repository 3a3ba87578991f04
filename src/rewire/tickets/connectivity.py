"""Linear mode connectivity: the error on the straight line between two networks (Frankle et al. 2020).

Two trainings that differ in the order of their examples only are stable when no point between them errs more than
they do: they ended in one valley.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn

from rewire.gates import restored
from rewire.gates.contents import unwrapped

STABLE = 0.02  # instability below this, as a fraction of examples, is stable
Path = list[tuple[float, float]]


def path(
    model: nn.Module,
    a: Mapping[str, Tensor],
    b: Mapping[str, Tensor],
    evaluate: Callable[[nn.Module], float],
    points: int = 30,
    batches: Sequence[Tensor] | None = None,
) -> Path:
    """(α, evaluate(model at (1 − α)·a + α·b)) at evenly spaced α, both ends included.

    Args:
        model: any network of that architecture; in evaluation mode within, and as before afterwards.
        a, b: the state dicts of the ends. evaluate: usually the error, a fraction of examples; no gradients.
        batches: inputs on which BatchNorm's statistics are estimated anew at every point. By default they are
            interpolated like the weights, and so not what the network between would have: mostly it errs more then.

    Raises ValueError for fewer than 2 points and for state dicts that are not the model's, naming the first tensor.

    >>> model = nn.Linear(1, 1, bias=False)
    >>> ends = [{"weight": torch.tensor([[w]])} for w in (-1.0, 1.0)]
    >>> path(model, *ends, evaluate=lambda model: model.weight.square().item(), points=3)
    [(0.0, 1.0), (0.5, 0.0), (1.0, 1.0)]
    """
    if points < 2:
        raise ValueError(f"points must be at least 2, for both ends count; got {points}")
    for name, values in (("a", a), ("b", b)):
        _check(name, values, unwrapped(model).state_dict())
    found = []
    with torch.no_grad(), restored(model), _unchanged(model):
        for alpha in torch.linspace(0, 1, points, dtype=torch.float64).tolist():
            unwrapped(model).load_state_dict(interpolate(a, b, alpha))
            if batches is not None:
                _estimate(model, batches)
            model.eval()
            found.append((alpha, float(evaluate(model))))
    return found


def instability(errors: Path) -> float:
    """How far the worst point of a path lies above the mean of its ends; below `STABLE` the two networks are connected.

    Never negative, for the ends are points too; NaN where an error is. Raises ValueError for fewer than 2 points.

    >>> round(instability([(0.0, 0.02), (0.5, 0.9), (1.0, 0.04)]), 6)
    0.87
    """
    if len(errors) < 2:
        raise ValueError(f"errors must hold both ends at least; got {len(errors)} points: use path()")
    values = [error for _, error in errors]
    worst = math.nan if any(map(math.isnan, values)) else max(values)  # max() would overlook it
    return worst - (values[0] + values[-1]) / 2


def interpolate(a: Mapping[str, Tensor], b: Mapping[str, Tensor], alpha: float) -> dict[str, Tensor]:
    """(1 − α)·a + α·b, tensor by tensor, exactly a and b at the ends; counters and other integers are the nearer end's.

    BatchNorm's running means and variances are floats and interpolated as well.

    >>> interpolate({"w": torch.tensor([0.0, 2.0])}, {"w": torch.tensor([4.0, 2.0])}, 0.25)
    {'w': tensor([1., 2.])}
    """
    return {name: _between(tensor.detach(), b[name].detach().to(tensor.device), alpha) for name, tensor in a.items()}


def _between(a: Tensor, b: Tensor, alpha: float) -> Tensor:
    if a.is_floating_point() or a.is_complex():
        return torch.lerp(a, b.to(a.dtype), alpha)
    return a if alpha < 0.5 else b


def _estimate(model: nn.Module, batches: Sequence[Tensor]) -> None:
    """BatchNorm's statistics as averages over the batches; dropout, which is on then, moves no generator of torch's."""
    with torch.random.fork_rng(devices={p.device for p in model.parameters() if p.device.type == "cuda"}):
        update_bn(batches, model)


@contextmanager
def _unchanged(model: nn.Module) -> Iterator[None]:
    """Afterwards the values, and the momenta that an interrupted estimate would leave at None, are as before."""
    values = {name: tensor.clone() for name, tensor in unwrapped(model).state_dict().items()}
    momenta = {module: module.momentum for module in model.modules() if hasattr(module, "momentum")}
    try:
        yield
    finally:
        unwrapped(model).load_state_dict(values)
        for module, momentum in momenta.items():
            module.momentum = momentum


def _check(side: str, values: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> None:
    for name in [*own, *values]:
        ours, theirs = (str([*each[name].shape]) if name in each else "absent" for each in (own, values))
        if ours != theirs:
            raise ValueError(f"{side} must be a state dict of model; {name!r} is {theirs} there, {ours} in model")
