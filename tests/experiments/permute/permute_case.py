"""Runs of the recipes of Permute to Train in a folder, for their tests."""

from pathlib import Path
from typing import Any

from rewire.experiments import Context, Recipe
from rewire.experiments.claim import Claim
from rewire.runs import JsonLines, Records, read_records


def recorded(recipe: Recipe, config: Any, directory: Path, seed: int = 0, **more: Any) -> Records:
    """The records of one run, as the next reader of its folder gets them; `more` is added to each."""
    directory.mkdir(parents=True, exist_ok=True)
    sink = JsonLines(directory / "metrics.jsonl")
    recipe.execute(config, Context(seed, directory, sink))
    sink.close()
    return Records([{"seed": seed, **more, **row} for row in read_records(directory / "metrics.jsonl")])


def claimed(recipe: Recipe, name: str) -> Claim:
    """The claim of a recipe with this id."""
    return next(claim for claim in recipe.claims if claim.id == name)
