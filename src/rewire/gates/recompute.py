"""Activation checkpointing computes a forward pass again during backward: for the task of then, or not at all."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx

from rewire.gates.product import is_watched
from rewire.gates.sampling import Draw

# What packs the tensors that autograd saves, if anything does: a checkpoint, say. torch has it from 2.8 on.
_hooks = getattr(getattr(torch._C, "_autograd"), "_top_saved_tensors_default_hooks", lambda _: None)  # noqa: B009


def marked(weight: Tensor, key: str, draw: Draw | None = None) -> Tensor:
    """The weight of a task, marked with task and draw where `torch.utils.checkpoint` will compare what it saw.

    A model that was switched before backward would be recomputed for another task and get wrong gradients, silently;
    so would one whose weight was used, and drawn, again since.
    torch compares the shapes of what autograd saves in both passes; the mark makes them differ, so that it raises
    CheckpointError. Reentrant checkpoints compare nothing and cannot be helped.
    """
    if torch.compiler.is_compiling() or _hooks(True) is None or not weight.requires_grad or is_watched():
        return weight
    number = 0 if draw is None else int(draw.key[1]) % 2**31
    return _Marked.apply(weight, int(key.removeprefix("task")), number)  # pyright: ignore[reportReturnType]


class _Marked(torch.autograd.Function):
    """The identity, which saves an empty tensor whose shape tells the task and the draw."""

    @staticmethod
    def forward(ctx: FunctionCtx, *args: Any) -> Tensor:
        weight, task, number = args
        ctx.save_for_backward(weight.new_empty(0, task, number))
        return weight.clone()  # no view, which nobody could change in place: embeddings with max_norm do

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        (_,) = ctx.saved_tensors  # asking for it is what makes torch compare
        return grads[0], None, None
