"""What the runs of permute/complexity measure."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from rewire.experiments.permute.complexity.listing import listed_cycles
from rewire.experiments.permute.complexity.stages import AXES, ComplexityConfig
from rewire.experiments.permute.shared.config import TrainConfig
from rewire.experiments.permute.shared.training import prepare, steps
from rewire.experiments.recipe import Context
from rewire.permutations.cycles import cycle_count
from rewire.permutations.matching import bound, move_, permissible
from rewire.permutations.ranks import sorted_rows, sync
from rewire.permutations.rows import rows
from rewire.permutations.schedule import subset_size
from rewire.training import derive

Row = dict[str, Any]
METHODS = ("sgperm", "laperm", "adam")


def count(config: ComplexityConfig, context: Context) -> Iterator[Row]:
    """Cycles of the complete graphs; beyond seven vertices there are too many to list."""
    for n in range(2, config.vertices + 1):
        yield {"vertices": n, "formula": cycle_count(n), "listed": listed_cycles(n), "power": 2**n}


def edges(config: ComplexityConfig, context: Context) -> Iterator[Row]:
    """Edges of the graph of one subset of λn values, along each axis."""
    generator = _generator(context, "edges")
    for axis, value, at in _places(config):
        size = subset_size(at.n, at.partition)
        w, r = torch.rand(size, generator=generator), torch.randn(size, generator=generator)
        graph = permissible(w, r, bound(1.0, at.aggressiveness, size))
        yield {"axis": axis, "value": value, "edges": int(graph.sum())}


def times(config: ComplexityConfig, context: Context) -> Iterator[Row]:
    """Milliseconds of SGPerm's search along each axis, and of a sync of LAPerm by length, the fastest of all rounds.

    Whatever else the machine does can only add to a time; rounds go through all places, to share what it does.
    """
    generator = _generator(context, "times")
    places = [({"axis": axis, "value": value}, _search(at, generator)) for axis, value, at in _places(config)]
    places += [({"length": length}, _sync(config.vectors, length, generator)) for length in config.lengths]
    for (place, _), milliseconds in zip(places, fastest([call for _, call in places], config.rounds)):
        yield place | {"milliseconds": milliseconds}


def norms(config: ComplexityConfig, context: Context) -> Iterator[Row]:
    """How far a vector's squared norm drifts over a training: by exact sums, for others depend on the order."""
    for method in METHODS:
        trained = prepare(_training(config, method), context)
        folder = context.directory / method
        folder.mkdir(exist_ok=True)
        steps(trained, _training(config, method), context, 0, config.steps, directory=folder)
        if trained.laperm is not None:
            trained.laperm.sync()
        drifts = [drift(trained.before[name], weight) for name, weight in trained.after.items()]
        yield {"method": method, "drift": max(drifts)}


def drift(before: Tensor, after: Tensor) -> float:
    """The largest relative change of a vector's squared norm.

    >>> drift(torch.tensor([[3.0, 4.0]]), torch.tensor([[4.0, 3.0]]))
    0.0
    """
    pairs = zip(rows(before).double().square().tolist(), rows(after).double().square().tolist())
    return max(abs(math.fsum(b) / math.fsum(a) - 1) for a, b in pairs)


def fastest(calls: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """Milliseconds of the fastest of so many calls of each, after one that may compile and allocate."""
    least = [math.inf] * len(calls)
    for number in range(rounds + 1):
        for place, call in enumerate(calls):
            start = time.perf_counter()
            call()
            if number:
                least[place] = min(least[place], time.perf_counter() - start)
    return [1000 * seconds for seconds in least]


def _search(config: ComplexityConfig, generator: torch.Generator) -> Callable[[], object]:
    """One step's moves in a layer, always from the same places: values that have moved leave less to search."""
    values = torch.rand(config.vectors, config.n, generator=generator)
    r = torch.randn(config.vectors, config.n, generator=generator)
    order = values.argsort(dim=1).int()
    alpha, part = config.aggressiveness, config.partition
    return lambda: move_(values.clone(), r, order.clone(), alpha, part, "dfs", (0, 0, 1))


def _sync(vectors: int, length: int, generator: torch.Generator) -> Callable[[], object]:
    profile, moved = (torch.randn(vectors, length, generator=generator) for _ in range(2))
    profile = sorted_rows(profile)
    return lambda: sync(moved, profile)


def _places(config: ComplexityConfig) -> Iterator[tuple[str, float, ComplexityConfig]]:
    for axis, values in AXES.items():
        for value in values:
            yield axis, value, replace(config, **{axis: value})


def _training(config: ComplexityConfig, method: str) -> TrainConfig:
    return TrainConfig(dataset="digits", model="mlp", method=method, steps=config.steps, evaluate_every=config.steps)


def _generator(context: Context, purpose: str) -> torch.Generator:
    return torch.Generator().manual_seed(derive(context.seed, purpose))
