"""Random masks that a seed gives again on any device, compiled or not: every bit is a hash of where and when it stands.

A stream has a seed and a number for each draw. Seed and number are hashed to a key of 64 bits; key and position to 16
bits r; and a weight is on where its score exceeds logit((r + ½) / 2¹⁶), which has probability σ(score) to within 2⁻¹⁷.
Only whole numbers and one comparison of floats decide, so nothing depends on how a machine rounds.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from rewire.gates.product import Memory, is_watched, scratch

WORD = 0xFFFFFFFF
STARTS = 0x243F6A88, 0x05A308D3  # the first digits of π: all that matters is that they differ
LEVELS = 2**16


class Draw(NamedTuple):
    """One draw: seed and number, int64 [2], and the scores at which the 2¹⁶ equally likely levels lie, [2¹⁶]."""

    key: Tensor
    levels: Tensor


def mixed_word(x: Any, first: Any, second: Any = 0) -> Any:
    """32 bits scrambled with two keys of 32 bits, for whole numbers and int64 tensors alike.

    Multiply, shift and xor as in the finalizers of MurmurHash; factors below 2³¹, so that no product overflows.
    """
    x = (x * 0x5851F42D + first) & WORD
    x = x ^ (x >> 15)
    x = (x * 0x2C1B3C6D) & WORD
    x = x ^ (x >> 12) ^ second
    x = (x * 0x297A2D39) & WORD
    return x ^ (x >> 15)


def half_key(start: int, seed: Any, number: Any) -> Any:
    """32 bits of a draw's key; numbers below 2³² under one seed never share a key."""
    word = mixed_word(seed & WORD, start)
    word = mixed_word(word ^ (seed >> 32), start)
    word = mixed_word(word ^ (number & WORD), start)
    return mixed_word(word ^ (number >> 32), start)


def keys(seed: Any, number: Any) -> tuple[Any, Any]:
    """A draw's two keys of 32 bits."""
    return half_key(STARTS[0], seed, number), half_key(STARTS[1], seed, number)


def random_levels(draw: Draw, shape: torch.Size) -> Tensor:
    """Independent uniform whole numbers from 0 to 2¹⁶ - 1, int64 of this shape: two from each word."""
    words = mixed_word(torch.arange((shape.numel() + 1) // 2, device=draw.key.device), *keys(*draw.key.unbind()))
    return torch.stack((words & (LEVELS - 1), words >> 16), -1).flatten()[: shape.numel()].view(shape)


@torch.no_grad()
def sampled_mask(score: Tensor, draw: Draw, memory: Memory | None = None) -> Tensor:
    """A 0/1 mask in the score's dtype: 1 with probability σ(score), NaN where the score is not finite.

    >>> sampled_mask(torch.tensor([-100.0, 100.0]), Stream(seed=1).draw())
    tensor([0., 1.])
    """
    if _has_kernel(score):
        mask = scratch(score, memory)
        _kernel().sample(flat(score), *keys(*draw.key.tolist()), draw.levels.numpy(), flat(mask))
        return mask
    on = (score > draw.levels[random_levels(draw, score.shape)]).to(score.dtype)
    return torch.where(score.isfinite(), on, torch.nan)


def _has_kernel(score: Tensor) -> bool:
    known = score.dtype in (torch.float32, torch.float64)
    return score.device.type == "cpu" and known and score.is_contiguous() and not is_watched()


def flat(tensor: Tensor) -> np.ndarray:
    """A contiguous tensor's memory in one dimension."""
    return tensor.detach().view(-1).numpy()


@cache
def _kernel() -> Any:
    from rewire.gates import sampling_kernel  # numba takes a second to import

    return sampling_kernel


class Stream(nn.Module):
    """The random numbers of one gate: its place in them travels in state dicts, so that a resumed run draws the same.

    Draws in evaluation are numbered apart: to evaluate changes no draw of training. `evaluate` is "threshold", where
    evaluation draws nothing, or "sample".

    >>> stream = Stream(seed=1)
    >>> stream.draw().key, stream.draw().key, stream.eval().draw()
    (tensor([1, 3]), tensor([1, 5]), None)
    """

    state: Tensor  # int64 [2, 2]: (seed, number) of the last draw, of evaluation (even) and of training (odd)
    levels: Tensor

    def __init__(self, seed: int, evaluate: str = "threshold") -> None:
        super().__init__()
        self.evaluate = evaluate
        self.register_buffer("state", torch.tensor([[seed, 0], [seed, 1]]))
        # As bits, because model.half() and back would round floats. All streams share the one table.
        self.register_buffer("levels", _levels(), persistent=False)

    def draw(self) -> Draw | None:
        """The next draw, or None where evaluation takes the threshold."""
        if not self.training and self.evaluate == "threshold":
            return None
        last = self.state[int(self.training)]
        if torch.compiler.is_compiling() or not _in_backward():
            last[1] += 2
        return Draw(last.clone(), self.levels.view(torch.float32))


def _in_backward() -> bool:
    """Whether this forward pass is a checkpoint's second one, which must see what the first one drew."""
    return torch._C._current_graph_task_id() != -1


@cache
def _levels() -> Tensor:
    middles = (torch.arange(LEVELS, dtype=torch.float64) + 0.5) / LEVELS
    return torch.logit(middles).float().view(torch.int32)
