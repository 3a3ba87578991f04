"""Trainings of a few steps on the bundled digits, and hand-made curves, for the tests of permute's recipes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rewire.experiments import Context
from rewire.experiments.permute.shared import training
from rewire.runs import JsonLines, Records, read_records

TINY = {"dataset": "digits", "steps": 30, "evaluate_every": 10, "early": 0, "train_images": 400}


def context(directory: Path, seed: int = 0, checkpoint_every: float = 30.0) -> Context:
    directory.mkdir(parents=True, exist_ok=True)
    sink = JsonLines(directory / "metrics.jsonl")
    return Context(seed, directory, sink, checkpoint_every=checkpoint_every)


def recorded(config, directory: Path, execute: Callable, seed: int = 0) -> Records:
    """The records of one run, as the next reader of its folder gets them."""
    where = context(directory, seed)
    execute(config, where)
    where.sink.close()
    return Records(read_records(directory / "metrics.jsonl"))


class Killed(RuntimeError):
    """A run's sudden end."""


def killed_after(monkeypatch, batches: int) -> None:
    """Let the next training die when it draws one batch more than these."""
    load, drawn = training.load, []

    def dying(*given):
        task = load(*given)
        augment = task.train.augment

        def count(x, generator):
            drawn.append(1)
            if len(drawn) > batches:
                raise Killed
            return augment(x, generator)

        return replace(task, train=replace(task.train, augment=count))

    monkeypatch.setattr(training, "load", dying)


def curve(label: str, accuracies: Mapping[int, Sequence[float]], of: str = "accuracy", **more) -> list[dict]:
    """Rows of a stage: per step, one value per seed."""
    return [
        {"label": label, "seed": seed, "step": step, of: value} | more
        for step, values in accuracies.items()
        for seed, value in enumerate(values)
    ]


def once(label: str, seeds: int = 3, **values) -> list[dict]:
    """What each run of a stage records once."""
    return [{"label": label, "seed": seed, **values} for seed in range(seeds)]


def claimed(recipe, name: str):
    """The claim of a recipe with this id."""
    return next(claim for claim in recipe.claims if claim.id == name)


def as_records(*tables: Sequence[Mapping]) -> Records:
    return Records([dict(row) for table in tables for row in table])
