"""`sparse`: a model whose sparse linear layers, for as long as a context lasts, cost what their weights cost."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from numbers import Real
from typing import Any
from weakref import WeakSet

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_pre_hook

from rewire.gates.contents import unwrapped
from rewire.masks import Mask
from rewire.tickets.prunable import parameter_names
from rewire.tickets.sparse_linear import SparseLinear


@contextmanager
def sparse(model: nn.Module, mask: Mapping[str, Tensor], below: float = 0.25) -> Iterator[Mask]:
    """Within this context, linear layers of a density below `below` train only the weights that are on in `mask`.

    Such a layer stays the same object but becomes a `SparseLinear`: its parameter is `values`, flat, in the place of
    `weight`; state dicts are those of the dense model. At the end, also when an exception flies, it is dense again and
    its weight, the same parameter as before, has the trained values and zeros elsewhere. Make the optimizer inside.

    Left dense: layers that are not exactly nn.Linear on the CPU in float32 or float64; layers with hooks, or a tied,
    lazily initialised or parametrized weight; layers with all weights off; whatever is inside torch.compile or DDP.

    Args:
        mask: boolean tensors by parameter name, as for `masked`.
        below: the density under which a layer is sparse. On one thread and small batches sparse steps are the faster
            below a density of 0.3 to 0.4, with 1024 units and batches of 512 below 0.2 to 0.3. The kernels have no use
            for more threads, which the dense have.

    Yields the mask of the layers that are left dense, for `masked(model, rest)`. Raises ValueError for a `below`
    outside (0, 1] and for a model that is sparse already; RuntimeError where an optimizer from before the context
    steps, which would train nothing.

    >>> layer, mask = nn.Sequential(nn.Linear(50, 4)), {"0.weight": torch.arange(200).view(4, 50) % 20 == 0}
    >>> with sparse(layer, mask, below=0.1):
    ...     [(name, list(parameter.shape)) for name, parameter in layer.named_parameters()]
    [('0.values', [10]), ('0.bias', [4])]
    >>> layer[0].weight.shape, layer[0].weight.count_nonzero()
    (torch.Size([4, 50]), tensor(10))
    """
    check_below(below)
    mask = mask if isinstance(mask, Mask) else Mask(mask)
    if any(isinstance(module, SparseLinear) for module in model.modules()):
        raise ValueError("model must not be sparse already; got one inside another `sparse` context")
    chosen = {name: layer for name, layer in _suitable(model).items() if _fits(layer, mask.get(name), below)}
    dense = {layer._parameters["weight"] for layer in chosen.values()}
    with ExitStack() as stack:
        stack.callback(register_optimizer_step_pre_hook(_Watch(dense)).remove)
        for name, layer in chosen.items():
            stack.callback(_to_dense, *_to_sparse(layer, mask[name]))
        yield Mask({name: on for name, on in mask.items() if name not in chosen})


def check_below(below: float, parameter: str = "below") -> None:
    if isinstance(below, bool) or not (isinstance(below, Real) and 0 < float(below) <= 1):
        raise ValueError(
            f"{parameter} must be in (0, 1]; got {below!r}: it is the density under which a layer is sparse"
        )


def _suitable(model: nn.Module) -> dict[str, nn.Linear]:
    """Plain linear layers on the CPU by the names of their weights."""
    places = [name for names in parameter_names(model).values() if len(names) == 1 for name in names]
    wrapped = {part for outer in model.modules() if unwrapped(outer) is not outer for part in outer.modules()}
    found = {f"{name}.weight".lstrip("."): module for name, module in unwrapped(model).named_modules()}
    return {
        name: module
        for name, module in found.items()
        if type(module) is nn.Linear and name in places and module not in wrapped and _is_plain(module)
    }


def _is_plain(layer: nn.Linear) -> bool:
    """Whether the kernels can have its weight, and neither hooks nor a patched forward rely on it as it is."""
    own: list[Any] = [value for name, value in vars(layer).items() if name.endswith("_hooks") or name == "forward"]
    weight = layer.weight
    hooks = any([*own, weight._backward_hooks, getattr(weight, "_post_accumulate_grad_hooks", None)])
    return not hooks and weight.is_cpu and weight.dtype in (torch.float32, torch.float64)


def _fits(layer: nn.Linear, on: Tensor | None, below: float) -> bool:
    """Whether the layer is sparse enough. A mask of another shape is for `masked` to refuse."""
    if on is None or on.shape != layer.weight.shape or not 0 < on.numel() < 2**32:
        return False
    return 0 < int(on.sum()) < below * on.numel()


def _to_sparse(layer: nn.Linear, on: Tensor) -> tuple[Any, dict[str, Any]]:
    """Make a layer sparse in place, for all who hold it; returns it with its dense parameters."""
    made, before = SparseLinear(layer, on), layer._parameters
    layer.__class__, layer._parameters = SparseLinear, made._parameters
    layer.pattern = made.pattern  # type: ignore[assignment]
    return layer, before


def _to_dense(layer: Any, before: dict[str, Any]) -> None:
    trained, bias, weight = layer.weight.detach(), layer.bias, before["weight"]
    if (weight.device, weight.dtype) == (trained.device, trained.dtype):
        weight.detach().copy_(trained)
    else:  # the model was moved meanwhile
        weight.data = trained
    del layer.pattern
    layer.__class__, layer._parameters = nn.Linear, before | {"bias": bias}


class _Watch:
    """Refuses steps of an optimizer that holds weights which are sparse at the moment: it would train nothing."""

    def __init__(self, dense: set[Any]) -> None:
        self.dense, self.seen = dense, WeakSet[Optimizer]()

    def __call__(self, optimizer: Optimizer, *_: Any) -> None:
        if optimizer in self.seen:
            return
        if any(parameter in self.dense for group in optimizer.param_groups for parameter in group["params"]):
            raise RuntimeError("optimizer must be made inside the `sparse` context; got one that holds dense weights")
        self.seen.add(optimizer)
