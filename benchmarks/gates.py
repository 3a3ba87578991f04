"""What gates cost: whole training steps and mixed batches, gated against plain, at the papers' sizes."""

from collections.abc import Callable
from itertools import cycle
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

import rewire
from rewire.bench import interleave
from rewire.models import MLP, LeNet5

WIDTHS = (784, 300, 100, 10)


class NaiveSigmoid(rewire.Sigmoid):
    """The formula as anyone would write it, for comparison."""

    def product(self, values: torch.Tensor, score: torch.Tensor, memory: object = None) -> torch.Tensor:
        return values * torch.sigmoid(score)


def training_step(
    make: Callable[[], nn.Module], x: torch.Tensor, tasks: int = 0, switch: Any = None
) -> Callable[[], None]:
    """One step of fused Adam; tasks=0 is the plain network, else each step serves the next of so many tasks."""
    torch.manual_seed(0)
    model, y = make(), torch.randint(10, (len(x),))
    names = [f"task {i}" for i in range(tasks)]
    groups: Any = model.parameters()
    if names:
        rewire.gate(model, names, switch or rewire.Sigmoid(), preserve=not isinstance(switch, rewire.Hard))
        groups = rewire.param_groups(model, lr=1e-3)
    optimizer = torch.optim.Adam(groups, lr=1e-3, fused=True)
    turn = cycle(names)

    def step() -> None:
        if names:
            rewire.switch(model, next(turn))
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return step


def mlp_step(tasks: int = 0, switch: Any = None) -> Callable[[], None]:
    return training_step(lambda: MLP(*WIDTHS), torch.rand(60, 784), tasks, switch)


def lenet_step(tasks: int = 0, switch: Any = None) -> Callable[[], None]:
    return training_step(lambda: LeNet5(), torch.rand(32, 1, 32, 32), tasks, switch)


def mlp() -> dict[str, Any]:
    return interleave(mlp_step(1), mlp_step(), rounds=200) | {"target": 1.35}


def mlp_hard() -> dict[str, Any]:
    return interleave(mlp_step(1, rewire.Hard()), mlp_step(), rounds=200)


def mlp_naive() -> dict[str, Any]:
    return interleave(mlp_step(1, NaiveSigmoid()), mlp_step(), rounds=200)


def lenet5() -> dict[str, Any]:
    return interleave(lenet_step(1), lenet_step(), rounds=100) | {"target": 1.15}


def hundred_tasks() -> dict[str, Any]:
    """T = 100 against T = 1: what merely having other tasks costs a step."""
    return interleave(mlp_step(100), mlp_step(1), rounds=200, repeats=10)


def mixed() -> dict[str, Any]:
    """A batch of 1024 rows over 10 tasks through two layers of width 1024, against the ungated model on the batch."""
    plain, gated = (nn.Sequential(nn.Linear(1024, 1024), nn.ReLU(), nn.Linear(1024, 1024)).eval() for _ in range(2))
    rewire.gate(gated, [f"task {i}" for i in range(10)])
    x, ids = torch.rand(1024, 1024), torch.randint(10, (1024,))
    with rewire.cached(gated):
        return interleave(lambda: rewire.mixed(gated, x, ids), lambda: plain(x), rounds=30, repeats=1) | {
            "target": 1.15
        }


BENCHMARKS = {
    "gates/mlp": mlp,
    "gates/mlp-hard": mlp_hard,
    "gates/mlp-naive": mlp_naive,
    "gates/lenet5": lenet5,
    "gates/100-tasks": hundred_tasks,
    "gates/mixed": mixed,
}
