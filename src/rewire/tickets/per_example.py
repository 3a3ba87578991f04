"""Sums of squared gradients over the examples of a batch, which the gradient of the batch does not know."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, vjp, vmap
from torch.utils._pytree import tree_flatten, tree_unflatten

from rewire.tickets.measuring import gradients, wide

LARGEST = 2**24  # entries held at once: 64 MB in single precision
Output = Callable[[nn.Module, Any], Tensor]


def summed_squares(
    model: nn.Module, output: Output, batch: Any, parameters: Mapping[str, Tensor], weights: Tensor | None = None
) -> dict[str, Tensor]:
    """Σ over examples i and columns c of (∂⟨weights[i, :, c], output(model, example i)⟩/∂w)², for every parameter w.

    Args:
        output: (model, a batch of one example) -> a flat tensor of D numbers.
        batch: tensors, also nested in tuples, lists and dicts, of one row per example; 0-d tensors and what is no
            tensor are common to all examples.
        weights: [examples, D, columns]; ones in one column when None.

    Examples are vectorised by torch.func, as many at a time as fit in 64 MB; a model that it cannot transform (random
    numbers, custom autograd functions, control flow that depends on values) is run example by example, to the same end.

    Raises ValueError for a batch whose tensors differ in their number of rows.
    """
    leaves, shape = tree_flatten(batch)
    rows = _rows(leaves)
    columns = 1 if weights is None else weights.shape[-1]
    step = max(LARGEST // max(columns * sum(p.numel() for p in parameters.values()), 1), 1)
    totals = {name: torch.zeros_like(wide(p.detach())) for name, p in parameters.items()}
    vectorised = True
    for start in range(0, rows, step):
        part = slice(start, min(start + step, rows))
        examples = [leaf[part] if _batched(leaf) else leaf for leaf in leaves]
        cut = None if weights is None else weights[part]
        try:
            found = _vectorised(model, output, (examples, shape), parameters, cut) if vectorised else None
        except RuntimeError:  # all that torch.func refuses; an error of the model's own comes again below
            found, vectorised = None, False
        found = found or _one_by_one(model, output, (examples, shape), parameters, cut)
        for name, squares in found.items():
            totals[name] += squares
    return totals


def size(batch: Any) -> int:
    """How many examples a batch holds. Raises ValueError where its tensors disagree."""
    return _rows(tree_flatten(batch)[0])


class _Bound(nn.Module):
    """The output as a module, so that `functional_call` can put other values into the model it calls."""

    def __init__(self, model: nn.Module, output: Output) -> None:
        super().__init__()
        self.model, self.output = model, output

    def forward(self, example: Any) -> Tensor:
        return self.output(self.model, example)


def _vectorised(
    model: nn.Module,
    output: Output,
    batch: tuple[list[Any], Any],
    parameters: Mapping[str, Tensor],
    weights: Tensor | None,
) -> dict[str, Tensor]:
    (leaves, shape), bound = batch, _Bound(model, output)
    values = {f"model.{name}": p.detach() for name, p in parameters.items()}
    batched = [leaf for leaf in leaves if _batched(leaf)]

    def squares(rows: list[Tensor], weight: Tensor | None) -> dict[str, Tensor]:
        own = iter(rows)
        example = tree_unflatten([next(own)[None] if _batched(leaf) else leaf for leaf in leaves], shape)
        out, pull, *_ = vjp(lambda given: functional_call(bound, given, (example,)), values)
        columns = torch.ones_like(out)[None] if weight is None else weight.t().to(out.dtype)
        (found,) = vmap(pull)(columns)
        return {name: wide(gradient).square().sum(0) for name, gradient in found.items()}

    found = vmap(squares, in_dims=(0, None if weights is None else 0))(batched, weights)
    return {name: found[f"model.{name}"].sum(0) for name in parameters}


def _one_by_one(
    model: nn.Module,
    output: Output,
    batch: tuple[list[Any], Any],
    parameters: Mapping[str, Tensor],
    weights: Tensor | None,
) -> dict[str, Tensor]:
    leaves, shape = batch
    totals = {name: torch.zeros_like(wide(p.detach())) for name, p in parameters.items()}
    for row in range(_rows(leaves)):
        out = output(model, tree_unflatten([leaf[row, None] if _batched(leaf) else leaf for leaf in leaves], shape))
        columns = torch.ones_like(out)[None] if weights is None else weights[row].t().to(out.dtype)
        for weight in columns:
            for name, gradient in gradients(out, parameters, weight, retain_graph=True).items():
                totals[name] += wide(gradient).square()
    return totals


def _batched(leaf: object) -> bool:
    return isinstance(leaf, Tensor) and leaf.dim() > 0


def _rows(leaves: list[Any]) -> int:
    counts = sorted({len(leaf) for leaf in leaves if _batched(leaf)})
    if len(counts) != 1:
        raise ValueError(f"batch must hold tensors of one row per example; got {counts or 'no'} rows")
    return counts[0]
