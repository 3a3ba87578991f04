"""Figures of zhou/untrained."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.tickets.shared.figures import Rows, panels_figure, seeds_note
from rewire.experiments.zhou.untrained.claims import FINAL, RANDOM, best, combinations
from rewire.experiments.zhou.untrained.stages import LABEL
from rewire.figures import Figure, bars, mean_std
from rewire.runs import Records

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

VALUES = {"init": "initial values", "constant": "signed constants"}
PAPER = {(FINAL, "any", "init"): 0.4, (FINAL, "same", "init"): 0.8, (FINAL, "same", "constant"): 0.86}
SIGNS = {"any": "any sign", "same": "same sign", "diff": "changed sign"}
CURVES = (
    (FINAL, "any"),
    (FINAL, "same"),
    (FINAL, "diff"),
    ("magnitude_increase", "same"),
    (RANDOM, "same"),
    (RANDOM, "any"),
)


def figures(records: Records, runs: Path) -> list[Figure]:
    """Bars of every combination's best level, and some of them against the % left."""
    note = seeds_note(records, [LABEL])
    return [*_bars(records, note), *_curves(records, note)]


def _bars(records: Records, note: str) -> list[Figure]:
    rows = []
    for criterion, sign, values in combinations(records):
        found, density = best(records, criterion, sign, values)
        number = mean_std([{"accuracy": value, "k": 0} for value in found.values()], "k", of="accuracy")[0]
        row = {"task": criterion.replace("_", "\n"), "label": SIGNS[sign], "values": values, "density": density}
        rows.append(row | {**number, "paper": PAPER.get((criterion, sign, values))})

    def draw(canvas: "Canvas") -> None:
        for axes, (values, name) in zip(canvas.subplots(2, 1, sharex=True, sharey=True), VALUES.items()):
            bars(axes, [row for row in rows if row["values"] == values], ylabel=f"accuracy, {name}")

    caption = (
        "Test accuracy of one-shot masks on a network before any training, each at its best level. Diamonds are the "
        f"paper's. {note}"
    )
    return [Figure("untrained", "Masks without training", caption, rows, draw, (9.0, 5.6))] if rows else []


def _curves(records: Records, note: str) -> list[Figure]:
    panels = {f"test accuracy, {name}": _by_level(records, values) for values, name in VALUES.items()}
    limits = dict.fromkeys(panels, (0.0, 1.0))
    return panels_figure("levels", "Masks without training, by level", f"No gradient step. {note}", panels, limits)


def _by_level(records: Records, values: str) -> Rows:
    return [
        {**row, "label": f"{criterion}, {SIGNS[sign]}", "left": 100 * row["density"], "what": values}
        for criterion, sign in CURVES
        for row in mean_std(
            records.where(label=LABEL, criterion=criterion, sign=sign, values=values), "density", of="accuracy"
        )
    ]
