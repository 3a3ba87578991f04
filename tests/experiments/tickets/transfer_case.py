"""Searches of a few steps on the bundled digits, and records made by hand, for the tests of tickets that move."""

from dataclasses import replace
from pathlib import Path

from rewire.experiments import Context
from rewire.experiments.tickets.shared.transfer import TransferConfig
from rewire.experiments.tickets.shared.transfer_runs import run
from rewire.runs import JsonLines, Records, read_records

TINY = TransferConfig(
    dataset="digits", train_images=150, validation=0, batch_size=50, epochs=1, keep=0.5, levels=1, lr=1e-2
)


def tiny(config: TransferConfig, **changes) -> TransferConfig:
    """A stage's own config, cut down to a few steps on the digits."""
    small = {name: getattr(TINY, name) for name in ("dataset", "train_images", "epochs", "lr")}
    return replace(config, **small | changes)


def made(config: TransferConfig, directory: Path, label: str = "mine", seed: int = 0, **context) -> Records:
    """The records of one run."""
    directory.mkdir(parents=True, exist_ok=True)
    run(config, Context(seed, directory, JsonLines(directory / "metrics.jsonl"), **context))
    return Records([{"label": label, "seed": seed, **row} for row in read_records(directory / "metrics.jsonl")])


def levels(label: str, accuracies: dict, *, moved: bool = False, keep: float = 0.5, of: str = "accuracy") -> list[dict]:
    """Rows of a stage: level → one accuracy per seed."""
    return [
        {"label": label, "seed": seed, "moved": moved, "level": level, "density": keep**level, of: value}
        for level, values in accuracies.items()
        for seed, value in enumerate(values)
    ]


def claim(recipe, name: str):
    """The claim of a recipe with this id."""
    return next(claim for claim in recipe.claims if claim.id == name)
