"""What §2.1 of the light-switch paper says of the cost of a step, and what our timings answer."""

import math
import statistics
from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.claim import Claim, Outcome, summarise
from rewire.figures import Figure, bars, curves, mean_std
from rewire.runs import Records

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

FLAT = 0.2  # how far a place's ratio may lie from the mean of all
MAML_PAPER = {1: 0.67, 5: 0.38, 10: 0.35}  # 5-shot MSE after so many inner steps, Finn et al. 2017


def same_complexity(records: Records) -> Outcome | None:
    """LS-0b: gated / plain within ±20 % over all batches and widths, and MAML slower than gated at each of them."""
    timed = records.where(label="time")
    gated, hard = (_ratios(timed, name) for name in ("gated", "hard"))
    if not gated:
        return None
    ours = [statistics.fmean(seed.where(contender="gated").values("ratio")) for seed in timed.by("seed").values()]
    mean = statistics.fmean(gated.values())
    flat = all(abs(ratio / mean - 1) <= FLAT for ratio in gated.values())
    slower = {place: maml / gated[place] for place, maml in _ratios(timed, "maml").items()}
    note = (
        f"gated / plain step, mean of all places; {_along(gated)}: {_shape(gated, mean)}; hard gate "
        f"{statistics.fmean(hard.values()):.2f}; MAML / gated {min(slower.values()):.2f} to {max(slower.values()):.2f}"
    )
    return summarise(ours, flat and min(slower.values()) > 1, note + _few_shot(records))


def _ratios(records: Records, contender: str) -> dict[tuple[str, int], float]:
    """(axis, size) → ratio to the plain step, mean of the seeds."""
    rows = mean_std(records.where(contender=contender), "axis", "size", of="ratio")
    return {(row["axis"], row["size"]): row["mean"] for row in rows}


def _along(ratios: dict[tuple[str, int], float]) -> str:
    axes = dict.fromkeys(axis for axis, _ in ratios)
    return "; ".join(
        f"{axis} " + ", ".join(f"{size}: {ratio:.2f}" for (own, size), ratio in ratios.items() if own == axis)
        for axis in axes
    )


def _shape(ratios: dict[tuple[str, int], float], mean: float) -> str:
    """How far the extremes lie from the mean, and whether the ratio grows from the smallest to the largest step."""
    low, high = min(ratios.values()) / mean - 1, max(ratios.values()) / mean - 1
    ends = [[ratio for (own, _), ratio in ratios.items() if own == axis] for axis in ("batch", "width")]
    grows = [axis for axis, line in zip(("batch", "width"), ends) if line and line[-1] > line[0] * (1 + FLAT)]
    return f"{low:+.0%} to {high:+.0%} of the mean, " + (
        f"grows with {' and '.join(grows)}" if grows else "never grows"
    )


def _few_shot(records: Records) -> str:
    errors = {row["inner_steps"]: row["mse"] for row in records.where(label="maml")}
    if not errors:
        return ""
    diverged = max(row["diverged"] for row in records.where(label="maml"))
    text = ", ".join(f"{errors[count]:.2f} ({paper:g})" for count, paper in MAML_PAPER.items())
    note = f"; the comparator's 5-shot MSE after 1, 5, 10 inner steps, its paper's in brackets: {text}"
    return note + (f", without up to {diverged} of 600 tasks on which its descent diverged" if diverged else "")


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


CLAIMS = (
    Claim(
        "LS-0b",
        "A gated step has the time complexity of a plain one, and needs no second derivatives as MAML does",
        "same time complexity",
        "§2.1",
        same_complexity,
    ),
)
