"""What `find(..., evidence=)` takes: a function that measures whatever kinds of evidence a criterion asks for."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from torch import Tensor, nn

from rewire.errors import choice
from rewire.tickets.curvature import curvature
from rewire.tickets.evidence import fisher, flow, gradient, hessian_gradient
from rewire.tickets.measuring import Loss

MEASURES: Mapping[str, Callable[..., dict[str, Tensor]]] = MappingProxyType(
    {
        "gradient": gradient,
        "hessian_gradient": hessian_gradient,
        "fisher": fisher,
        "curvature": curvature,
    }
)


def measures(
    loss: Loss, batches: Iterable[Any], example: Tensor | None = None, **options: Mapping[str, Any]
) -> Callable[[nn.Module, Iterable[str]], dict[str, dict[str, Tensor]]]:
    """A function (model, kinds of evidence) -> {kind: {weight: tensor}} that measures on these batches.

    Args:
        loss: (model, batch) -> 0-d tensor. batches: kept, to be gone through at every level.
        example: an input, which "flow" needs and nothing else does.
        options: for one kind each, such as curvature={"samples": 1}.

    Raises ValueError for options of an unknown kind; the function for an unknown kind and for "flow" without example.

    >>> def loss(model, batch): return model(batch).square().mean()
    >>> find = measures(loss, [torch.eye(3)], curvature={"method": "hutchinson", "samples": 2})
    >>> sorted(find(nn.Linear(3, 1), ("gradient", "curvature")))
    ['curvature', 'gradient']
    """
    kept = list(batches)
    for kind in options:
        if kind not in (*MEASURES, "flow"):
            raise choice("options", [*MEASURES, "flow"], kind)

    def measure(model: nn.Module, kind: str) -> dict[str, Tensor]:
        if kind == "flow":
            if example is None:
                raise ValueError("example must be an input of the model, for 'flow'; got None: measures(…, example=x)")
            return flow(model, example, **options.get(kind, {}))
        if kind not in MEASURES:
            raise choice("kind", [*MEASURES, "flow"], kind, "measure it in a function of your own")
        return MEASURES[kind](model, loss, kept, **options.get(kind, {}))

    return lambda model, kinds: {kind: measure(model, kind) for kind in kinds}
