"""The diagonal of the loss's second derivative: the evidence of optimal brain damage (LeCun, Denker & Solla 1990).

The Gauss–Newton matrix JᵀHJ keeps the curvature H of the loss on the model's outputs and drops that of the outputs
themselves; it is never negative, and equals the Hessian where the model is linear between kinks and fits its data. For
cross-entropy it is the Fisher information under the model's own predictions.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import torch
from torch import Generator, Tensor, nn

from rewire.errors import choice
from rewire.tickets.evidence import hessian_product
from rewire.tickets.measuring import Loss, gradients, loss_of, mean, measuring, wide
from rewire.tickets.per_example import summed_squares

METHODS = ("gauss-newton", "hutchinson")


def curvature(
    model: nn.Module,
    loss: Loss,
    batches: Iterable[Any],
    names: Iterable[str] | None = None,
    *,
    method: str = "gauss-newton",
    samples: int | None = None,
    generator: Generator | None = None,
) -> dict[str, Tensor]:
    """h_kk = ∂²L/∂w_k², the mean over batches: the evidence of "obd". In evaluation mode.

    Args:
        loss: (model, batch) -> 0-d tensor; for Gauss–Newton it calls the model once, on a batch of tensors with one row
            per example, and adds or averages over the rows of the output, a tensor.
        method: "gauss-newton", never negative; or "hutchinson", the Hessian itself as v ⊙ Hv for random signs v,
            unbiased and noisy (Hutchinson 1990; Bekas et al. 2007): where noise makes it negative, "obd" prunes first.
        samples: random draws per batch, at the cost of a backward pass each. None is 1 for Hutchinson, and for
            Gauss–Newton no draw at all but the exact diagonal, at the cost of a backward pass per example and output.
            With draws, Gauss–Newton errs by √(2 / draws) of itself on each weight: many batches and few draws are best.
        generator: of the signs; a fixed seed when None.

    Raises ValueError for another method, samples < 1, no batches, and for Gauss–Newton a loss that does not call the
    model once; TypeError for a loss that is not one number.

    >>> model = nn.Linear(2, 1, bias=False)
    >>> curvature(model, lambda model, x: model(x).square().mean(), [torch.tensor([[1.0, 2.0], [3.0, 0.0]])])
    {'weight': tensor([[10.,  4.]])}
    """
    if method not in METHODS:
        raise choice("method", METHODS, method)
    if samples is not None and samples < 1:
        raise ValueError(f"samples must be at least 1, or None; got {samples}")
    generator = generator or Generator().manual_seed(0)
    if method == "hutchinson":
        measure = partial(_hutchinson, samples=samples or 1, generator=generator)
    elif samples is None:
        measure = _gauss_newton
    else:
        measure = partial(_sampled_gauss_newton, samples=samples, generator=generator)
    with measuring(model, names) as (model, parameters):
        return mean(term for batch in batches for term in measure(model, loss, batch, parameters))


Terms = Iterator[tuple[int, Mapping[str, Tensor]]]


def _gauss_newton(model: nn.Module, loss: Loss, batch: Any, parameters: Mapping[str, Tensor]) -> Terms:
    """Σ over examples i and columns s of the root of H_i of (J_iᵀ s)²."""
    outputs, value = _outputs(model, loss, batch)
    roots = _roots(value, outputs).to(outputs.dtype)
    single = lambda model, example: _outputs(model, loss, example)[0].reshape(-1)  # noqa: E731
    yield 1, summed_squares(model, single, batch, parameters, roots)


def _sampled_gauss_newton(
    model: nn.Module, loss: Loss, batch: Any, parameters: Mapping[str, Tensor], samples: int, generator: Generator
) -> Terms:
    """(Σ_i J_iᵀ S_i ε_i)² for random signs ε: products of two signs, which do not belong, are 0 on average."""
    outputs, value = _outputs(model, loss, batch)
    roots = _roots(value, outputs)
    for _ in range(samples):
        drawn = torch.einsum("ndc,nc->nd", roots, _signs(roots[:, 0], generator))
        found = gradients(outputs, parameters, drawn.reshape(outputs.shape).to(outputs.dtype), retain_graph=True)
        yield 1, {name: wide(tensor).square() for name, tensor in found.items()}


def _hutchinson(
    model: nn.Module, loss: Loss, batch: Any, parameters: Mapping[str, Tensor], samples: int, generator: Generator
) -> Terms:
    for _ in range(samples):
        signs = {name: _signs(parameter, generator) for name, parameter in parameters.items()}
        found = hessian_product(loss_of(model, loss, batch), parameters, signs)
        yield 1, {name: wide(signs[name]) * wide(tensor) for name, tensor in found.items()}


def _outputs(model: nn.Module, loss: Loss, batch: Any) -> tuple[Tensor, Tensor]:
    """What the model returned when the loss called it, and the loss."""
    seen: list[Any] = []
    handle = model.register_forward_hook(lambda module, inputs, output: seen.append(output))
    try:
        value = loss_of(model, loss, batch)
    finally:
        handle.remove()
    if len(seen) != 1 or not isinstance(seen[0], Tensor) or not seen[0].dim():
        got = f"{len(seen)} calls" if len(seen) != 1 else "an output that is no tensor with rows"
        raise ValueError(
            f"loss must call model once, which returns a tensor of one row per example; got {got}: "
            "use method='hutchinson'"
        )
    return seen[0], value


def _roots(value: Tensor, outputs: Tensor) -> Tensor:
    """S_i with S_i S_iᵀ = ∂²L/∂z_i², in double precision [examples, D, D], for outputs z_i of D numbers.

    The curvature is blockwise, since an example's loss depends on its own outputs only; one backward pass through the
    loss alone gives a column of all blocks. A loss that is not convex has no root: its negative curvature counts as 0.
    """
    count, width = len(outputs), outputs[0].numel()
    (slope,) = torch.autograd.grad(value, outputs, create_graph=True)
    if not slope.requires_grad:
        return outputs.new_zeros(count, width, width, dtype=torch.float64)
    columns = [
        torch.autograd.grad(part.sum(), outputs, retain_graph=True)[0].reshape(count, width)
        for part in slope.reshape(count, width).unbind(1)
    ]
    lengths, axes = torch.linalg.eigh(torch.stack(columns, dim=2).double())
    return axes * lengths.clamp(min=0).sqrt()[:, None, :]


def _signs(like: Tensor, generator: Generator) -> Tensor:
    drawn = torch.randint(2, like.shape, generator=generator, device=generator.device)
    return (2 * drawn - 1).to(like)
