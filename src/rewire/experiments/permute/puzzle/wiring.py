"""The rewiring cartoon: a sparse network whose wires LAPerm moves, and then Adam trains where they are."""

from collections.abc import Iterator
from typing import Any

import torch
from sklearn.datasets import load_iris
from torch import Tensor, nn
from torch.nn import functional as F

from rewire.experiments.permute.puzzle.stages import WiringConfig
from rewire.experiments.recipe import Context
from rewire.models import MLP
from rewire.optim import LAPerm
from rewire.permutations.generator import Initial, initialise_
from rewire.permutations.rewiring import wiring
from rewire.permutations.rows import same_multiset, weight_slots
from rewire.tickets import masked
from rewire.training import derive

START, MOVED, TRAINED = "random zeros", "wires moved", "values trained"


def run(config: WiringConfig, context: Context) -> None:
    """Records: per phase the accuracy, every wire, and what became of wires and values since the phase before."""
    x, y = (torch.tensor(part) for part in load_iris(return_X_y=True))
    x = ((x - x.mean(0)) / x.std(0)).float()
    init = Initial("kaiming normal", derive(context.seed, "theta0"), config.density)
    model = initialise_(MLP(4, 6, 3), init, biases=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=config.lr)
    before = values(model)
    for row in phase(START, model, before, x, y):
        context.sink.write(row)
    laperm = LAPerm(optimizer, k=config.k)
    train(model, optimizer, x, y, config.moving)
    laperm.sync()
    laperm.remove()
    for row in phase(MOVED, model, before, x, y):
        context.sink.write(row)
    before = values(model)
    with masked(model, wiring(model)):
        train(model, optimizer, x, y, config.training)
    for row in phase(TRAINED, model, before, x, y):
        context.sink.write(row)


def train(model: nn.Module, optimizer: torch.optim.Optimizer, x: Tensor, y: Tensor, steps: int) -> None:
    for _ in range(steps):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()


def values(model: nn.Module) -> dict[str, Tensor]:
    return {name: weight.detach().clone() for name, weight in weight_slots(model).items()}


def phase(name: str, model: nn.Module, before: dict[str, Tensor], x: Tensor, y: Tensor) -> Iterator[dict[str, Any]]:
    """A record of the whole network, and one per wire that is there."""
    now = values(model)
    with torch.no_grad():
        accuracy = (model(x).argmax(1) == y).float().mean().item()
    yield {
        "phase": name,
        "accuracy": accuracy,
        "wires": sum(int((weight != 0).sum()) for weight in now.values()),
        "new": sum(int(((now[key] != 0) & (before[key] == 0)).sum()) for key in now),
        "gone": sum(int(((now[key] == 0) & (before[key] != 0)).sum()) for key in now),
        "same values": all(same_multiset(before[key], now[key]) for key in now),
    }
    for layer, (key, weight) in enumerate(now.items()):
        for target, source in (weight != 0).nonzero().tolist():
            was = before[key][target, source].item()
            row = {"phase": name, "layer": layer, "source": source, "target": target}
            yield row | {"value": weight[target, source].item(), "is new": was == 0}
