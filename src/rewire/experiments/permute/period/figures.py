"""Figures of permute/period."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.permute.period.stages import ADAM, AUTO, PERIODS, label
from rewire.experiments.permute.shared.figures import Rows, seeds_note, step_rows
from rewire.figures import Figure, curves
from rewire.runs import Records

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

PANELS = {"test accuracy": "accuracy", "slots moved by a sync": "moved", "mobility": "mobility"}


def figures(records: Records, runs: Path) -> list[Figure]:
    """All of them, as far as the records go."""
    swept = {label(k): label(k) for k in sorted({*PERIODS["full"], *PERIODS["quick"]})}
    labels = swept | {AUTO: AUTO, ADAM: ADAM}
    note = seeds_note(records, labels)
    return [*_over_training(records, labels, note), *_by_period(records, note)]


def _over_training(records: Records, labels: dict[str, str], note: str) -> list[Figure]:
    panels = {name: step_rows(records, labels, of) for name, of in PANELS.items()}
    panels = {name: [row for row in rows if row["step"] and row["mean"]] for name, rows in panels.items()}
    rows = [{"panel": name, **row} for name, each in panels.items() for row in each]

    def draw(canvas: "Canvas") -> None:
        for axes, (name, each) in zip(canvas.subplots(1, len(panels)), panels.items()):
            curves(axes, each, ylabel=name)
            if name != "test accuracy":
                axes.set_yscale("log")

    caption = (
        "784-500-300-10 on MNIST by LAPerm with Adam; the learning rate falls to a tenth at half and at three quarters "
        "of the steps. Mobility is 2 k lr / gap: below 1, neighbours in value hardly cross between syncs. Accuracy is "
        f"the synced network's. {note}"
    )
    return [Figure("training", "Syncs that reach less and less", caption, rows, draw, (11.5, 3.8))] if rows else []


def _by_period(records: Records, note: str) -> list[Figure]:
    """The accuracy at the end against k; k auto and Adam as lines."""
    final = _final(records)
    rows = [{**row, "k": k, "label": "fixed k"} for k in _all() for row in final if row["label"] == label(k)]
    marks = {row["label"]: row["mean"] for row in final if row["label"] in (AUTO, ADAM)}

    def draw(canvas: "Canvas") -> None:
        axes = canvas.subplots()
        curves(axes, rows, x="k", ylabel="test accuracy at the end", marks=marks)
        axes.set_xscale("log")

    caption = f"The accuracy of the synced network after all steps, by the steps between syncs. {note}"
    return [Figure("periods", "How many steps between syncs", caption, rows, draw)] if rows else []


def _final(records: Records) -> Rows:
    rows = step_rows(records, {name: name for name in records.by("label")})
    last = max((row["step"] for row in rows), default=0)
    return [row for row in rows if row["step"] == last]


def _all() -> list[int]:
    return sorted({*PERIODS["full"], *PERIODS["quick"]})
