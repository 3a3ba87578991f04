"""The product of examples with a sparse matrix and its gradients, as autograd needs them."""

from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rewire.tickets.pattern import Pattern

# An array of a kind, by which the kernels know what stands at the addresses they are given.
LIKE = {torch.float32: np.empty(0, np.float32), torch.float64: np.empty(0, np.float64)}


def product(x: Tensor, values: Tensor, bias: Tensor | None, pattern: Pattern) -> Tensor:
    """x Wᵀ + bias for x [..., inputs] on the CPU, W being the pattern with these values: [..., outputs].

    All tensors are float32 or all float64. The gradient of the values is computed where they stand and nowhere else.

    >>> pattern = Pattern(torch.tensor([[True, False, True]]), torch.Size([1, 3]))
    >>> product(torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([10.0, 1.0]), None, pattern)
    tensor([[13.]])
    """
    if x.ndim == 2:
        return _Product.apply(x, values, bias, pattern)  # type: ignore[return-value]
    flat: Any = _Product.apply(x.reshape(-1, x.shape[-1]), values, bias, pattern)
    return flat.view(*x.shape[:-1], pattern.shape[0])


@cache
def _kernels() -> ModuleType:
    from rewire.tickets import sparse_kernels  # numba takes a second to import

    return sparse_kernels


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, values: Tensor, bias: Tensor | None, pattern: Pattern) -> Tensor:
        kernels, read, examples = _kernels(), x.contiguous(), len(x)
        blocks = values.new_empty(-(-examples // kernels.LANES), x.shape[1], kernels.LANES)
        out = values.new_empty(examples, pattern.shape[0])
        own_bias = None if bias is None else bias.contiguous()
        kernels.forward(
            LIKE[values.dtype],
            pattern.starts,
            pattern.columns,
            *x.shape,
            read.data_ptr(),
            values.data_ptr(),
            0 if own_bias is None else own_bias.data_ptr(),
            blocks.data_ptr(),
            out.data_ptr(),
        )
        ctx.save_for_backward(x, values, blocks)
        ctx.pattern = pattern
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        (g,), (x, values, blocks), pattern = gradients, ctx.saved_tensors, ctx.pattern
        if torch.is_grad_enabled():  # somebody will differentiate these gradients again
            return *_differentiable(g, x, values, pattern), g.sum(0), None
        of_x, of_values, of_bias, _ = ctx.needs_input_grad
        g = g.contiguous()
        to_x = torch.empty_like(x, memory_format=torch.contiguous_format) if of_x else None
        to_values = torch.empty_like(values) if of_values else None
        to_bias = values.new_empty(g.shape[1]) if of_bias else None
        _kernels().backward(
            LIKE[values.dtype],
            pattern.starts,
            pattern.columns,
            *x.shape,
            g.data_ptr(),
            values.data_ptr(),
            blocks.data_ptr(),
            0 if to_x is None else to_x.data_ptr(),
            0 if to_values is None else to_values.data_ptr(),
            0 if to_bias is None else to_bias.data_ptr(),
        )
        return to_x, to_values, to_bias, None


def _differentiable(g: Tensor, x: Tensor, values: Tensor, pattern: Pattern) -> tuple[Tensor, Tensor]:
    return g @ pattern.dense(values), pattern.pick(g.t() @ x)
