"""Searches of a few steps on the bundled digits, and records made by hand, for the tests of Zhou et al.'s recipes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rewire.experiments import Context
from rewire.experiments.zhou.shared.config import PROTOCOL
from rewire.runs import JsonLines, Records, read_records

TINY = replace(
    PROTOCOL, dataset="digits", train_images=150, validation=100, batch_size=50, epochs=1, keep=0.5, levels=2,
    sparse_below=None,
)  # fmt: skip


def recorded(config, directory: Path, execute: Callable, seed: int = 0) -> Records:
    """The records of one run, as the next reader of its folder gets them."""
    directory.mkdir(parents=True, exist_ok=True)
    sink = JsonLines(directory / "metrics.jsonl")
    execute(config, Context(seed, directory, sink))
    sink.close()
    return Records(read_records(directory / "metrics.jsonl"))


def stage(label: str, accuracies: Sequence[float], seeds: int = 3, **more) -> list[dict]:
    """Rows of a stage: an accuracy per level, halved each time, to which a seed adds its tenth of a per cent."""
    return [
        {"label": label, "seed": seed, "level": level, "density": 0.5**level, "accuracy": value + seed / 1000}
        | {"loss": 1 - value}
        | more
        for level, value in enumerate(accuracies)
        for seed in range(seeds)
    ]


def stages(curves: Mapping[str, Sequence[float]]) -> Records:
    return Records([row for label, accuracies in curves.items() for row in stage(label, accuracies)])


def measured(recipe, name: str, records: Records):
    """The outcome of a recipe's claim."""
    return next(claim for claim in recipe.claims if claim.id == name).measure(records)
