"""Figures of zhou/criteria."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.tickets.shared.figures import level_rows, panels_figure, seeds_note
from rewire.experiments.zhou.criteria.stages import CRITERIA, GOOD, PLANE
from rewire.figures import MUTED, SERIES, Figure
from rewire.runs import Records

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas


def figures(records: Records, runs: Path) -> list[Figure]:
    """The plane of each layer, then accuracy against the % left."""
    points = Records([row for row in records.where(label=PLANE) if "point" in row])
    return [
        *(_plane(rows, f"plane-{number}", layer) for number, (layer, rows) in enumerate(points.by("layer").items(), 1)),
        *_levels(records),
    ]


def _levels(records: Records) -> list[Figure]:
    """All criteria, and once more the good ones, which lie too close to each other to be told apart."""
    every, good = (level_rows(records, {name: name for name in names}, "accuracy") for names in (CRITERIA, GOOD))
    panels = {"test accuracy": every, "test accuracy, the best four": good}
    note = f"Rewound to the initial values; pruned weights are 0. {seeds_note(records, CRITERIA)}"
    return panels_figure("levels", "784-300-100-10 by mask criterion", note, panels)


def _plane(points: Records, name: str, layer: str) -> Figure:
    """A panel per criterion: weights kept in colour, pruned in grey."""

    def draw(canvas: "Canvas") -> None:
        panels = canvas.subplots(3, 3, sharex=True, sharey=True)
        for axes, criterion in zip(panels.ravel(), CRITERIA):
            for kept, colour in ((0, MUTED), (1, SERIES[0])):
                rows = points.where(**{criterion: kept})
                axes.scatter(
                    rows.values("init"), rows.values("final"), 4, colour, linewidths=0, alpha=0.35 + 0.5 * kept
                )
            axes.set_title(criterion)
        for axes in panels[-1]:
            axes.set_xlabel("initial value")
        for axes in panels[:, 0]:
            axes.set_ylabel("final value")

    caption = (
        f"{len(points)} weights of {layer} before and after one dense training, those kept in one shot in colour. "
        "Bands and corners are the criteria's formulas; random has no region."
    )
    return Figure(name, f"What criteria keep of {layer}", caption, points.rows, draw, (7.6, 7.0))
