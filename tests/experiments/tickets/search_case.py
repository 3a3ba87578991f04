"""Searches of a few steps on the bundled digits, and records made by hand, for the tests of ticket recipes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rewire.experiments import Context
from rewire.experiments.tickets.shared.config import SearchConfig
from rewire.experiments.tickets.shared.data import Data
from rewire.experiments.tickets.shared.runs import run
from rewire.runs import JsonLines, Records, read_records

TINY = SearchConfig(dataset="digits", train_images=150, validation=100, batch_size=50, epochs=2, keep=0.5, levels=2)


def context(directory: Path, seed: int = 0, checkpoint_every: float = 30.0) -> Context:
    directory.mkdir(parents=True, exist_ok=True)
    sink = JsonLines(directory / "metrics.jsonl")
    return Context(seed, directory, sink, checkpoint_every=checkpoint_every)


def recorded(config, directory: Path, execute: Callable = run, seed: int = 0) -> Records:
    """The records of one run, as the next reader of its folder gets them."""
    where = context(directory, seed)
    execute(config, where)
    where.sink.close()
    return Records(read_records(directory / "metrics.jsonl"))


class Killed(RuntimeError):
    """A run's sudden end."""


def dying(data: Data, batches: int) -> Data:
    """The data, until so many batches were drawn."""
    drawn = 0

    def augment(x, generator):
        nonlocal drawn
        drawn += 1
        if drawn > batches:
            raise Killed
        return x

    return replace(data, task=replace(data.task, train=replace(data.task.train, augment=augment)))


def by_level(label: str, accuracies: Sequence[Sequence[float]], keep: float, **more) -> list[dict]:
    """Rows of a stage: per level, one accuracy per seed; the best epoch is no better than the last."""
    return [
        {"label": label, "seed": seed, "level": level, "density": keep**level, "accuracy": value}
        | {"best_accuracy": value, "loss": 1 - value, "early_stop": 100, "steps": 200}
        | more
        for level, values in enumerate(accuracies)
        for seed, value in enumerate(values)
    ]


def claimed(recipe, name: str):
    """The claim of a recipe with this id."""
    return next(claim for claim in recipe.claims if claim.id == name)


def as_records(*tables: Sequence[Mapping]) -> Records:
    return Records([dict(row) for table in tables for row in table])
