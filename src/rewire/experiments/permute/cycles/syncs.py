"""What LAPerm moves between two syncs: each vector's permutation, as cycles."""

from collections.abc import Callable, Container, Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from rewire.experiments.permute.cycles.stages import SyncConfig
from rewire.experiments.permute.shared.data import load
from rewire.experiments.permute.shared.methods import start
from rewire.experiments.permute.shared.training import Trained, steps
from rewire.experiments.permute.shared.values import snapshot
from rewire.experiments.recipe import Context
from rewire.permutations.cycles import between, cycles
from rewire.permutations.generator import Initial, initialise_
from rewire.permutations.rows import rows, same_multiset, weight_slots
from rewire.training import derive

LAYER = "2.weight"  # the second convolution
Row = dict[str, Any]


def run(config: SyncConfig, context: Context) -> None:
    """Train; after every sync, what became of the second layer's vectors since the last."""
    task = load(config, context.seed, context.data, context.device)
    init = Initial(config.init, derive(context.seed, "theta0"))
    model = initialise_(network(), init, biases=True).to(context.device)
    trained = Trained(task, model, *start(config, model, context.seed), snapshot(weight_slots(model)))
    syncs = range(config.k, config.steps + 1, config.k)
    steps(trained, config, context, 0, config.steps, lambda model, _: observer(model, config), syncs)


def network() -> nn.Module:
    """For 3 × 32 × 32: two strided convolutions and a linear layer."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 5, stride=2, padding=2), nn.ReLU(), nn.Conv2d(8, 16, 4, stride=2), nn.ReLU(),
        nn.Flatten(), nn.Linear(16 * 7 * 7, 10),
    )  # fmt: skip


def observer(model: nn.Module, config: SyncConfig) -> Callable[[int], Iterable[Row]]:
    """A function of the step that compares the vectors with those of its last call.

    The model keeps these as a buffer, so that a checkpoint between two syncs has them.
    """
    weight = model.get_parameter(LAYER)
    model.register_buffer("last_sync", rows(weight).clone())

    def observe(step: int) -> Iterator[Row]:
        last = model.get_buffer("last_sync")
        before, after = last.cpu().clone(), rows(weight).cpu()
        last.copy_(rows(weight))
        yield from compared(before, after, step // config.k, config.shown)

    return observe


def compared(before: Tensor, after: Tensor, sync: int, shown: Container[int]) -> Iterator[Row]:
    """A record of all vectors [R, n]; of the syncs `shown` also the first one's values and its cycles."""
    permutation = between(before, after)
    found = [cycles(row) for row in permutation]
    yield {
        "sync": sync,
        "moved": (permutation != torch.arange(permutation.shape[1])).double().mean().item(),
        "still": sum(not each for each in found),
        "cycles": sum(map(len, found)) / len(found),
        "longest": max((len(cycle) for each in found for cycle in each), default=0),
        "same values": same_multiset(before, after) and torch.equal(before.gather(1, permutation), after),
    }
    if sync in shown:
        for slot, value in enumerate(before[0].tolist()):
            yield {"sync": sync, "slot": slot, "value": value}
        for number, cycle in enumerate(found[0]):
            for place, slot in enumerate(cycle):
                yield {"sync": sync, "cycle": number, "place": place, "at": slot}
