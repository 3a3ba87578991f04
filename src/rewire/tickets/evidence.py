"""Evidence that criteria ask for besides the values: gradients, their squares and products, and the flow through paths.

Each takes `loss(model, batch) -> 0-d tensor`, any iterable of batches, which count alike, and the `names` of parameters
(None: those of `prunable(model)`); each gives {name: tensor of the parameter's shape} and leaves the model as it was.
Criteria from `rewire.masks` take these as evidence under the functions' names.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from rewire.errors import choice
from rewire.tickets.measuring import Loss, gradients, loss_of, mean, measuring, wide
from rewire.tickets.per_example import size, summed_squares


def gradient(
    model: nn.Module,
    loss: Loss,
    batches: Iterable[Any],
    names: Iterable[str] | None = None,
    *,
    training: bool = False,
) -> dict[str, Tensor]:
    """∂L/∂w, the mean over batches: the evidence of "snip" (Lee et al. 2019).

    training: in training mode, as SNIP's authors do, rather than in evaluation mode; dropout then draws as it would.

    Raises TypeError for a loss that is not one number, ValueError for no batches and unknown names.

    >>> model = nn.Linear(2, 1, bias=False)
    >>> gradient(model, lambda model, x: model(x).sum(), [torch.tensor([[1.0, 2.0]])])
    {'weight': tensor([[1., 2.]])}
    """
    with measuring(model, names, training) as (model, parameters):
        return mean((1, gradients(loss_of(model, loss, batch), parameters)) for batch in batches)


def hessian_gradient(
    model: nn.Module,
    loss: Loss,
    batches: Iterable[Any],
    names: Iterable[str] | None = None,
    *,
    training: bool = False,
) -> dict[str, Tensor]:
    """H g, Hessian and gradient of the mean loss over batches, with respect to the named weights: for "grasp".

    Wang et al. 2020 divide the logits by a temperature of 200 in their loss. Arguments and errors as for `gradient`.

    >>> model = nn.Linear(1, 1, bias=False)
    >>> product = hessian_gradient(model, lambda model, x: model(x).square().sum(), [torch.ones(1, 1)])
    >>> (product["weight"] / model.weight).item()
    4.0
    """
    batches = list(batches)  # they are gone through twice
    with measuring(model, names, training) as (model, parameters):
        direction = mean((1, gradients(loss_of(model, loss, batch), parameters)) for batch in batches)
        return mean((1, hessian_product(loss_of(model, loss, batch), parameters, direction)) for batch in batches)


def hessian_product(
    value: Tensor, parameters: Mapping[str, Tensor], direction: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """The Hessian of a loss times a direction, by differentiating the gradient along it (Pearlmutter 1994)."""
    first = gradients(value, parameters, create_graph=True)
    along = torch.stack([(first[name] * direction[name]).sum() for name in parameters]).sum()
    if not along.requires_grad:  # a loss that is linear in the weights
        return {name: torch.zeros_like(parameter) for name, parameter in parameters.items()}
    return gradients(along, parameters)


def fisher(
    model: nn.Module,
    loss: Loss,
    batches: Iterable[Any],
    names: Iterable[str] | None = None,
    *,
    per: str = "example",
) -> dict[str, Tensor]:
    """The mean of squared gradients, the diagonal of the empirical Fisher information: for "fisher".

    per: "example", the gradients of the loss on one example at a time, each a batch of one; or "batch", those of whole
    batches, which is cheaper and smaller by about their size. "example" wants batches of tensors, also nested, with one
    row per example. In evaluation mode, where examples do not depend on each other.

    Raises ValueError for another `per`, uneven rows, no batches; TypeError for a loss that is not one number.

    >>> model = nn.Linear(1, 1, bias=False)
    >>> def loss(model, batch): return model(batch).mean()
    >>> [fisher(model, loss, [torch.tensor([[1.0], [3.0]])], per=per)["weight"].item() for per in ("example", "batch")]
    [5.0, 4.0]
    """
    if per not in ("example", "batch"):
        raise choice("per", ["example", "batch"], per)
    with measuring(model, names) as (model, parameters):
        if per == "batch":
            found = (gradients(loss_of(model, loss, batch), parameters) for batch in batches)
            return mean((1, {name: wide(tensor).square() for name, tensor in each.items()}) for each in found)

        def flat(model: nn.Module, example: Any) -> Tensor:
            return loss_of(model, loss, example).reshape(1)

        return mean((size(batch), summed_squares(model, flat, batch, parameters)) for batch in batches)


def flow(
    model: nn.Module, example: Tensor, names: Iterable[str] | None = None, *, dtype: torch.dtype = torch.float64
) -> dict[str, Tensor]:
    """∂R/∂|w| where R sums the outputs of the model with all its weights made positive, for an input of ones.

    The evidence of "synflow" (Tanaka et al. 2020, algorithm 1), which needs no data. In evaluation mode; biases and
    normalisation's scales are made positive as well, and running means so that they add. The weights themselves are not
    touched: the model runs on positive copies.

    Args:
        example: an input, of which only shape, device and kind count; its first row alone is used.
        dtype: the copies', and the result's. Paths through deep networks are too many for single precision.

    Raises TypeError for a model whose output is no tensor, ValueError for unknown names.

    >>> model = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 1, bias=False))
    >>> _ = nn.init.constant_(model[0].weight, -1.5), nn.init.constant_(model[1].weight, 7.0)
    >>> flow(model, torch.zeros(60, 2))["1.weight"]
    tensor([[3., 3.]], dtype=torch.float64)
    """
    with measuring(model, names) as (model, parameters):
        tensors = {**dict(model.named_parameters()), **dict(model.named_buffers()), **parameters}
        copies = {tensor: _positive(name, tensor, dtype) for name, tensor in tensors.items()}
        positive = {name: copies[tensor] for name, tensor in tensors.items()}  # one copy of a tied weight
        wanted = {name: positive[name].requires_grad_() for name in parameters}
        ones = torch.ones_like(example[:1], dtype=dtype if example.is_floating_point() else example.dtype)
        outputs = functional_call(model, positive, (ones,))
        if not isinstance(outputs, Tensor):
            raise TypeError(
                f"model must return one tensor; got {type(outputs).__name__}: wrap it in a module that does"
            )
        return {name: tensor.detach() for name, tensor in gradients(outputs.sum(), wanted).items()}


def _positive(name: str, tensor: Tensor, dtype: torch.dtype) -> Tensor:
    if not tensor.is_floating_point():
        return tensor.detach()
    size = tensor.detach().abs().to(dtype)
    return -size if name.rpartition(".")[2] == "running_mean" else size  # it is subtracted
