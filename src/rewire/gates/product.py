"""The product at the heart of a gate, `values * switch(score)`, without mapping new memory in every training step.

The C library maps large temporaries afresh and unmaps them on release, and the page faults cost several times the
arithmetic. So a gate of a large CPU parameter computes its switch, weight and gradients into memory that it recycles.
Memory is lent: PyTorch holds the loan until the last tensor over it has died, and only then may the gate use it
again, so a weight or gradient that somebody kept is never overwritten. Results equal those of the formula bit for bit.
"""

from collections import deque
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd import forward_ad
from torch.autograd.function import FunctionCtx

SMALLEST = 2**16  # elements; below this, the formula alone is faster than a Python autograd function
KEPT = 6  # buffers a gate keeps for reuse: switch, weight and two gradients, and two more gradients that accumulate


class _Loan(np.ndarray):
    """A view of lent memory; when its last holder lets go, the memory returns to its lender."""

    lender: deque[np.ndarray]
    memory: np.ndarray

    def __del__(self) -> None:
        self.lender.append(self.memory)


class Memory:
    """Recycled memory for one gate's temporaries; copies and pickles of it are empty.

    >>> memory, like = Memory(), torch.zeros(2, 3)
    >>> first = memory.take(like)
    >>> address = first.data_ptr()
    >>> memory.take(like).data_ptr() == address    # `first` is alive, so its memory is not lent again
    False
    >>> del first
    >>> memory.take(like).data_ptr() == address
    True
    """

    def __init__(self) -> None:
        self.hint: tuple[int, int] | None = None  # where a selection found its threshold: a guess for the next one
        self._layout: object = None
        self._free: deque[np.ndarray] = deque(maxlen=KEPT)

    def take(self, like: Tensor) -> Tensor:
        """An uninitialised tensor with the shape, strides and dtype of `like` (CPU, float32 or float64)."""
        layout = (like.shape, like.stride(), like.dtype)
        if layout != self._layout:
            self._layout, self._free = layout, deque(maxlen=KEPT)
        free = self._free
        try:
            memory = free.pop()
        except IndexError:
            memory = torch.empty_like(like, requires_grad=False).numpy()
        loan = memory.view(_Loan)
        loan.lender, loan.memory = free, memory
        return torch.from_numpy(loan)

    def __reduce__(self) -> tuple[type["Memory"], tuple[()]]:
        return Memory, ()


def scratch(like: Tensor, memory: Memory | None) -> Tensor:
    """An uninitialised tensor like this one of the CPU: recycled memory where it is large and there is some."""
    if memory is None or like.numel() < SMALLEST:
        return torch.empty_like(like, requires_grad=False)
    return memory.take(like)


def gated_product(values: Tensor, score: Tensor, memory: Memory | None = None) -> Tensor:
    """`values * sigmoid(score)`, differentiable in both (eq. 1 of "Like A Light Switch").

    `values` and `score` have one shape; the result has it too. `memory` (default: none) is the gate's own recycled
    memory; it changes the speed of a training step on the CPU, never the result.

    >>> gated_product(torch.tensor([2.0, 4.0]), torch.zeros(2))
    tensor([1., 2.])
    """
    if memory is not None and recycles(values, score):
        return _Product.apply(values, score, memory, False)  # pyright: ignore[reportReturnType]
    return _formula(values, score, hard=False)


def hard_product(values: Tensor, score: Tensor, memory: Memory | None = None) -> Tensor:
    """`values * (score > 0)`, whose score gradient is the sigmoid's, straight through: g · values · σ(s)(1 - σ(s)).

    Shapes and `memory` as in `gated_product`.

    >>> hard_product(torch.tensor([2.0, 4.0]), torch.tensor([-1.0, 1.0]))
    tensor([0., 4.])
    """
    if memory is not None and recycles(values, score):
        return _Product.apply(values, score, memory, True)  # pyright: ignore[reportReturnType]
    return _formula(values, score, hard=True)


def _formula(values: Tensor, score: Tensor, hard: bool) -> Tensor:
    soft = torch.sigmoid(score)
    if not hard:
        return values * soft
    return values * ((score > 0).to(soft.dtype) + (soft - soft.detach()))  # the difference is 0; its gradient is not


def recycles(values: Tensor, score: Tensor) -> bool:
    """Whether recycled memory pays and is safe: a large dense CPU parameter in plain eager training."""
    return (
        values.numel() >= SMALLEST
        and values.stride() == score.stride()
        and values.shape == score.shape
        and values.dtype == score.dtype
        and values.dtype in (torch.float32, torch.float64)
        and values.device.type == score.device.type == "cpu"
        and {type(values), type(score)} <= {Tensor, nn.Parameter}
        and torch.is_grad_enabled()
        and not is_watched()
    )


def is_watched() -> bool:
    """Whether a compiler, tracer, function transform or dispatch mode must see the formula's own operations."""
    return (
        torch.compiler.is_compiling()
        or torch._C._are_functorch_transforms_active()
        or torch._C._len_torch_dispatch_stack() > 0
        or torch._C._get_tracing_state() is not None
        or forward_ad._current_level >= 0
    )


class _Product(torch.autograd.Function):
    # forward takes ctx, because a separate setup_context costs 13 µs more per gate and step.
    @staticmethod
    def forward(ctx: FunctionCtx, *args: Any) -> Tensor:
        values, score, memory, hard = args
        ctx.memory, ctx.hard = memory, hard  # pyright: ignore[reportAttributeAccessIssue]
        switch = memory.take(score)
        torch.gt(score, 0, out=switch) if hard else torch.sigmoid(score, out=switch)
        ctx.save_for_backward(values, score, switch)
        return torch.mul(values, switch, out=memory.take(values))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        (grad,), (values, score, switch), memory = grads, ctx.saved_tensors, ctx.memory
        if torch.is_grad_enabled():  # create_graph: the gradients must be differentiable themselves
            return *_differentiable(values, score, grad, ctx.hard, ctx.needs_input_grad[:2]), None, None
        grad_values = grad_score = None
        if ctx.needs_input_grad[1]:
            soft = torch.sigmoid(score, out=memory.take(score)) if ctx.hard else switch
            grad_score = torch.mul(grad, values, out=memory.take(score))
            torch.ops.aten.sigmoid_backward.grad_input(grad_score, soft, grad_input=grad_score)
        if ctx.needs_input_grad[0]:
            grad_values = torch.mul(grad, switch, out=memory.take(values))
        return grad_values, grad_score, None, None


def _differentiable(
    values: Tensor, score: Tensor, grad: Tensor, hard: bool, needed: tuple[bool, bool]
) -> list[Tensor | None]:
    inputs = values.view_as(values), score.view_as(score)  # apart, should the score itself depend on the values
    wanted = [tensor for tensor, needs in zip(inputs, needed) if needs]
    found = iter(torch.autograd.grad(_formula(*inputs, hard), wanted, grad, create_graph=True))
    return [next(found) if needs else None for needs in needed]
