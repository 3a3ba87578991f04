"""A small folder of runs as `rewire run` leaves it: one recipe that draws, one that was only ever run quickly."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rewire.experiments.recipe import Recipe, Stage
from rewire.figures import Figure, bars, curves, images, mean_std
from rewire.files import write_json
from rewire.runs import Records, open_run, run_directory

MACHINE = {"hardware": "a test machine, 2 cores", "threads": 1, "versions": {"torch": "2.13.0", "python": "3.11.2"}}


@dataclass(frozen=True)
class Config:
    model: str = "gated"
    lr: float = 1e-3
    tasks: tuple[str, ...] = ("red", "green")


STAGES = (Stage("gated", Config(), (0, 1)), Stage("separate", Config(model="separate"), (0, 1)))


def draw(records: Records, runs: Path) -> list[Figure]:
    """A curve, bars and a panel of pixels."""
    rows = mean_std(records, "label", "step", of="accuracy")
    last = [{**row, "task": "red", "paper": 0.9} for row in rows if row["step"] == 20]
    panel = {"red": [[[0.0, 1.0], [1.0, 0.5]]] * 3}
    return [
        Figure("learning", "Learning & <forgetting>", "Mean ± std.", rows, lambda c: curves(c.subplots(), rows)),
        Figure("final", "At the end", "", last, lambda c: bars(c.subplots(), last)),
        Figure("panel", "Transforms", "", [{"task": "red", "mean": 0.6}], lambda c: images(c, panel), (5.4, 1.5)),
    ]


def recipe(name: str, **changes: Any) -> Recipe:
    fields = {
        "document": "A paper",
        "figures": ("Fig 1",),
        "summary": "What it shows.",
        "claims": (),
        "stages": lambda budget: STAGES,
        "execute": lambda config, context: None,
        "cost": {"quick": 1, "full": 10},
        "draw": draw,
    }
    return Recipe(id=name, **{**fields, **changes})


def claim(name: str, verdict: str = "reproduced", **changes: Any) -> dict[str, Any]:
    """A row of a results file."""
    row = {"recipe": "light-switch/colours", "claim": name, "statement": f"statement of {name}", "paper": "0.9372"}
    row |= {"ours": 0.9381, "std": 0.0031, "n": 5, "verdict": verdict, "budget": "full", "seconds": 12.5}
    return row | {"where": "§3.5", "note": "", "holds": True} | changes


def write_results(root: Path, name: str, budget: str, rows: list[dict[str, Any]], **changes: Any) -> Path:
    path = root / name / f"{budget}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(
        path, {"recipe": name, "budget": budget, "seconds": 12.5, "rows": rows, "seeds": [0, 1], **MACHINE} | changes
    )
    return path


def write_runs(root: Path, name: str) -> None:
    for stage in STAGES:
        for seed in stage.seeds:
            with open_run(run_directory(root, name, stage.config, seed), stage.config) as run:
                for step in (0, 10, 20):
                    run.sink.write({"step": step, "accuracy": 0.1 + 0.04 * step + 0.01 * seed})
