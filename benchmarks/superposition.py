"""What it costs to tell a task among stored ones: LeNet-300-100 with 100 outputs, one image, one thread.

Ours is one gradient at the mean mask and one pass over the bits of all masks; the reference is the formula as it is
usually run, autograd through W ⊙ Σ α_i M_i with the masks stacked in memory, which 2500 tasks would take 2.75 GB for.
"""

import statistics
import time
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call

from rewire.bench import interleave
from rewire.gates import Superposition, signed_constant_
from rewire.gates.inference import entropy
from rewire.models import MLP

WIDTHS = (784, 300, 100, 100)
LIMIT = {"milliseconds": 20.0, "megabytes": 100.0}  # among 2500 tasks
ROUNDS = 40


@cache
def superposed(tasks: int) -> Superposition:
    """Random masks: what they are makes no difference to the time."""
    torch.manual_seed(0)
    many = Superposition(signed_constant_(MLP(*WIDTHS), "kaiming"))
    for number in range(tasks):
        many.add(str(number), {name: torch.rand(shape) > 0.5 for name, shape in many.bank.shapes.items()})
    return many


def image() -> Tensor:
    """A fifth of the pixels lit, as in a digit."""
    return (torch.rand(1, 784) - 0.8).relu() * 5


def against_stacked(tasks: int) -> dict[str, Any]:
    """One-shot inference, ours against dense autograd."""
    many, x = superposed(tasks), image()
    row = interleave(lambda: many.infer(x), stacked(many, x), rounds=20, repeats=2)
    return row | {"tasks": tasks}


def stacked(many: Superposition, x: Tensor) -> Callable[[], int]:
    """argmax −∂H/∂α through stacked masks."""
    plain = MLP(*WIDTHS)
    masks = {n: torch.stack([many.bank.mask(t, n).float() for t in many.tasks]) for n in many.gates}

    def infer() -> int:
        alpha = torch.full((len(many.tasks),), 1 / len(many.tasks), requires_grad=True)
        weights = {n: gate.values * torch.tensordot(alpha, masks[n], 1) for n, gate in many.gates.items()}
        (slope,) = torch.autograd.grad(entropy(functional_call(plain, weights, x)), alpha)
        return int(slope.argmin())

    return infer


def among(tasks: int) -> dict[str, Any]:
    """The median inference against the promise of 20 ms, and the memory of the stored tasks against 100 MB.

    The processor's time, not the clock's: what other programs take of the machine is not counted.
    """
    many, x = superposed(tasks), image()
    many.infer(x)
    times = []
    for _ in range(ROUNDS):
        start = time.thread_time()
        many.infer(x)
        times.append(1000 * (time.thread_time() - start))
    ours, limit = statistics.median(times), LIMIT["milliseconds"]
    row = {"ours": round(ours, 2), "reference": limit, "ratio": round(ours / limit, 3), "target": 1.0, "unit": "ms"}
    row |= {"threads": torch.get_num_threads(), "rounds": ROUNDS, "fastest": round(min(times), 2), "tasks": tasks}
    return row | {"megabytes": round(many.bank.nbytes / 1e6, 1), "megabytes_limit": LIMIT["megabytes"]}


BENCHMARKS: dict[str, Callable[[], dict[str, Any]]] = {
    "superposition/infer-100": partial(against_stacked, 100),
    "superposition/infer-2500": partial(among, 2500),
}
