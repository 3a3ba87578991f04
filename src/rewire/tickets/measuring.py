"""How evidence is measured: on a model in a known mode that is afterwards as it was before, whatever happens."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from rewire.errors import choice
from rewire.gates import restored
from rewire.gates.contents import unwrapped
from rewire.tickets.prunable import prunable

Loss = Callable[[nn.Module, Any], Tensor]


@contextmanager
def measuring(
    model: nn.Module, names: Iterable[str] | None = None, training: bool = False
) -> Iterator[tuple[nn.Module, dict[str, nn.Parameter]]]:
    """The model inside any wrapper, in evaluation mode (or in training mode), and the parameters with these names.

    names: None for those of `prunable(model)`; frozen ones may be named, and want gradients within. Afterwards, also
    after an error, every module's mode, the buffers, what is frozen and torch's own generators are as before; values
    and `.grad` are never touched.

    Raises ValueError for a name that is none of the model's parameters.
    """
    model = unwrapped(model)
    parameters = _named(model, names)
    frozen = [parameter for parameter in parameters.values() if not parameter.requires_grad]
    buffers = [(module, module._buffers.copy()) for module in model.modules()]
    contents = [(buffer, buffer.clone()) for _, own in buffers for buffer in own.values() if buffer is not None]
    # Fused attention has no second derivative, and torch.func no rule for it.
    with restored(model), _forked(parameters), torch.enable_grad(), sdpa_kernel(SDPBackend.MATH):
        try:
            for parameter in frozen:
                parameter.requires_grad_(True)
            model.train(training)
            yield model, parameters
        finally:
            for parameter in frozen:
                parameter.requires_grad_(False)
            _put_back(buffers, contents)


def loss_of(model: nn.Module, loss: Loss, batch: Any) -> Tensor:
    """The loss on a batch. Raises TypeError unless it is one number, ValueError unless it depends on the model."""
    value = loss(model, batch)
    if not isinstance(value, Tensor) or value.dim():
        got = f"a tensor of shape {list(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
        raise TypeError(f"loss must return a 0-d tensor; got {got}: average over the batch")
    if not value.requires_grad:
        raise ValueError("loss must be a differentiable function of the model's parameters; got a number without graph")
    return value


def gradients(
    outputs: Tensor, parameters: Mapping[str, Tensor], weights: Tensor | None = None, **options: bool
) -> dict[str, Tensor]:
    """∂⟨weights, outputs⟩/∂w for every parameter; zeros for those that the outputs do not depend on."""
    found = torch.autograd.grad(
        outputs, list(parameters.values()), weights, allow_unused=True, materialize_grads=True, **options
    )
    return dict(zip(parameters, found))


def mean(sums: Iterable[tuple[int, Mapping[str, Tensor]]]) -> dict[str, Tensor]:
    """The mean of terms that come as (how many, their sum), in single precision at least. ValueError for no term."""
    totals: dict[str, Tensor] = {}
    count = 0
    for many, term in sums:
        count += many
        for name, tensor in term.items():
            totals[name] = totals[name].add_(tensor.detach()) if name in totals else wide(tensor.detach()).clone()
    if not count:
        raise ValueError("batches must hold at least one batch; got none: an exhausted iterator gives none either")
    return {name: total.div_(count) for name, total in totals.items()}


def wide(tensor: Tensor) -> Tensor:
    """In single precision at least: squares and long sums are not for half."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


def _named(model: nn.Module, names: Iterable[str] | None) -> dict[str, nn.Parameter]:
    if names is None:
        return prunable(model)
    known = dict(model.named_parameters(remove_duplicate=False))
    for name in (chosen := list(names)):
        if name not in known:
            raise choice("names", known, name)
    return {name: known[name] for name in chosen}


def _forked(parameters: Mapping[str, Tensor]) -> Any:
    devices = {parameter.device for parameter in parameters.values() if parameter.device.type == "cuda"}
    return torch.random.fork_rng(devices=list(devices))


@torch.no_grad()
def _put_back(buffers: list[tuple[nn.Module, dict[str, Tensor | None]]], contents: list[tuple[Tensor, Tensor]]) -> None:
    """The same buffer objects with the same contents: a forward pass may have written to them or replaced them."""
    for module, own in buffers:
        module._buffers.clear()
        module._buffers.update(own)
    for buffer, content in contents:
        buffer.copy_(content)
