"""From recipes to runs: which directories a recipe needs, and the records of those that are done."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cattrs

from rewire.experiments.recipe import Context, Recipe
from rewire.experiments.registry import find
from rewire.runs import Records, check_config, run_directory, run_records, run_state


@dataclass(frozen=True)
class Job:
    """One run to make: all that a worker process needs to know, and nothing that cannot be sent to one."""

    recipe: str
    label: str
    config: Any
    seed: int
    directory: Path
    execute: Callable[[Any, Context], None]
    exclusive: bool = False

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"{self.recipe} {self.label} seed {self.seed}"


def plan(recipe: Recipe, budget: str, out: Path, seeds: Iterable[int] | None = None) -> list[Job]:
    """The recipe's runs at a budget, in order, each once; `seeds` replaces each stage's own."""
    chosen = tuple(seeds) if seeds is not None else None
    return [
        Job(
            recipe=recipe.id,
            label=stage.label,
            config=stage.config,
            seed=seed,
            directory=run_directory(out, recipe.id, stage.config, seed),
            execute=recipe.execute,
            exclusive=stage.exclusive,
        )
        for stage in recipe.stages(budget)
        for seed in dict.fromkeys(stage.seeds if chosen is None else chosen)
    ]


def seeds_option(recipe: Recipe, budget: str, seeds: Iterable[int]) -> str:
    """The option of `rewire run` that repeats these seeds, empty where they are the recipe's own."""
    own, wanted = {seed for stage in recipe.stages(budget) for seed in stage.seeds}, sorted(set(seeds))
    return f" --seeds {' '.join(map(str, wanted))}" if wanted and set(wanted) != own else ""


def outline(recipe: Recipe, budget: str, out: Path, seeds: Iterable[int] | None = None) -> list[dict[str, Any]]:
    """One row per stage, without running anything: its config, directory, seeds, and which of them are done.

    Raises ValueError where another config's run stands in the way.
    """
    stages: dict[str, list[Job]] = {}
    for job in plan(recipe, budget, out, seeds):
        check_config(job.directory, job.config)
        stages.setdefault(job.label, []).append(job)
    return [
        {
            "recipe": recipe.id,
            "budget": budget,
            "stage": label,
            "directory": str(jobs[0].directory.parent),
            "seeds": [job.seed for job in jobs],
            "done": sum(run_state(job.directory) == "done" for job in jobs),
            "pending": sum(run_state(job.directory) != "done" for job in jobs),
            "config": cattrs.unstructure(jobs[0].config),
        }
        for label, jobs in stages.items()
    ]


def collect(jobs: Iterable[Job]) -> Records:
    """The records of the jobs that are done, each with its `label` and `seed`; unfinished runs contribute nothing."""
    return Records(list(_rows(jobs)))


def found(recipe: Recipe, budget: str, out: Path) -> list[Job]:
    """The recipe's runs at a budget with every seed that `out` has a directory for, done or not."""
    names = {path.name.removeprefix("seed") for path in (out / recipe.id).glob("*/seed*")}
    return plan(recipe, budget, out, sorted(int(name) for name in names if name.isdigit()))


def seen(recipe: Recipe, jobs: Iterable[Job], budget: str, out: Path) -> Records:
    """What the recipe's claims and figures see: the records of its `jobs`, then those of the recipes that it reads."""
    neighbours = ((name, collect(found(find(name), budget, out))) for name in recipe.reads)
    read = [{**row, "label": f"{name}:{row['label']}"} for name, records in neighbours for row in records]
    return Records([*collect(jobs), *read])


def _rows(jobs: Iterable[Job]) -> Iterator[dict[str, Any]]:
    for job in jobs:
        if run_state(job.directory) == "done":
            for record in run_records(job.directory):
                yield {"label": job.label, "seed": job.seed, **record}
