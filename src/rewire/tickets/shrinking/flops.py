"""What a network costs to run: parameters, multiply-adds, and seconds measured on this machine."""

import statistics
import time
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from rewire.gates import restored


def parameters(model: nn.Module) -> int:
    """How many parameters there are; a tied one counts once.

    >>> parameters(nn.Linear(3, 2))
    8
    """
    return sum(parameter.numel() for parameter in model.parameters())


def multiply_adds(model: nn.Module, example: Any) -> int:
    """Multiply-adds of the matrix products and convolutions of one forward pass, biases and the rest left out.

    example: an input of the model, or a tuple of them; divide by its batch size for the cost of one. Weights that are
    zero count like others: only `shrink` makes the number smaller.

    >>> multiply_adds(nn.Conv2d(3, 8, 3), torch.zeros(1, 3, 6, 6)) == 8 * 3 * 9 * 16
    True
    """
    counter = FlopCounterMode(display=False)
    with restored(model), torch.no_grad(), counter:
        model.eval()(*_arguments(example))
    return counter.get_total_flops() // 2  # torch counts a multiplication and an addition as two


def latency(model: nn.Module, example: Any, repeats: int = 30) -> float:
    """Median seconds of a forward pass on `example` in evaluation mode, after three that are not counted."""
    if repeats < 1:
        raise ValueError(f"repeats must be at least 1; got {repeats}")
    arguments = _arguments(example)
    with restored(model), torch.inference_mode():
        model.eval()
        seconds = [_seconds(model, arguments) for _ in range(repeats + 3)]
    return statistics.median(seconds[3:])


def _seconds(model: nn.Module, arguments: tuple[Any, ...]) -> float:
    _wait(arguments)
    start = time.perf_counter()
    model(*arguments)
    _wait(arguments)
    return time.perf_counter() - start


def _wait(arguments: tuple[Any, ...]) -> None:
    """A GPU works on after a call returns."""
    if any(isinstance(each, torch.Tensor) and each.is_cuda for each in arguments):
        torch.cuda.synchronize()


def _arguments(example: Any) -> tuple[Any, ...]:
    return example if isinstance(example, tuple) else (example,)
