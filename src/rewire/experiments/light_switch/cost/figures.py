"""Figures of light-switch/cost: the time of a step along both axes, and what the comparator learns."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.light_switch.cost.claims import MAML_PAPER
from rewire.figures import Figure, bars, curves
from rewire.runs import Records

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas


def draw(records: Records, directory: Path) -> list[Figure]:
    """Milliseconds and ratios along both axes; the comparator's errors where it was trained."""
    return [figure for figure in (_milliseconds(records), _errors(records)) if figure is not None]


def _milliseconds(records: Records) -> Figure | None:
    best: dict[tuple[str, int, str], float] = {}  # seeds differ in nothing but what else the machine was doing
    for row in records.where(label="time"):
        place = row["axis"], row["size"], row["contender"]
        best[place] = min(row["milliseconds"], best.get(place, math.inf))
    rows = [dict(zip(("axis", "size", "contender"), place)) | {"milliseconds": ms} for place, ms in best.items()]
    if not rows:
        return None

    def paint(canvas: "Canvas") -> None:
        for panel, axis in zip(canvas.subplots(1, 2, sharey=True), ("batch", "width")):
            mine = [row for row in rows if row["axis"] == axis]
            words = {"batch": "examples per step (width 40)", "width": "hidden width (500 examples per step)"}
            curves(panel, mine, x="size", y="milliseconds", by="contender", xlabel=words[axis], ylabel="ms per step")
            panel.set_xscale("log")
            panel.set_yscale("log")
            ticks = sorted({row["size"] for row in mine})
            panel.set_xticks(ticks, [str(tick) for tick in ticks])
            panel.minorticks_off()

    caption = (
        "Time of one training step on sinusoid regression (network 1-width-width-1, one thread, fused Adam), the "
        f"fastest of many over {len(records.where(label='time').by('seed'))} initialisations. MAML spends its examples "
        "on tasks of 10 support and 10 query points."
    )
    return Figure("step-cost", "Cost of a training step", caption, rows, paint, size=(8.6, 3.9))


def _errors(records: Records) -> Figure | None:
    rows = [
        {"task": f"after {row['inner_steps']}", "label": "MAML, ours", "mean": row["mse"], "paper": paper}
        for row in records.where(label="maml")
        if (paper := MAML_PAPER.get(row["inner_steps"])) is not None
    ]
    if not rows:
        return None
    diverged = max(row["diverged"] for row in records.where(label="maml"))
    caption = (
        "5-shot error of our MAML on 600 new sinusoids after 1, 5 and 10 inner steps, one training run; its paper's as "
        f"diamonds. Tasks on which descent diverged, up to {diverged}, are left out of the mean."
    )

    def paint(canvas: "Canvas") -> None:
        bars(canvas.subplots(), rows, ylabel="mean squared error")

    return Figure("maml", "The comparator learns as published", caption, rows, paint)
