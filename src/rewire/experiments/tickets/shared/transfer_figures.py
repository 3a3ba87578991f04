"""What the recipes that move tickets draw alike: searches as lines, moved tickets as points, and how they train."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rewire.experiments.tickets.shared.figures import Rows, left_axis, level_rows
from rewire.figures import Figure, curves, mean_std
from rewire.figures.plots import legend
from rewire.figures.style import SERIES
from rewire.runs import Records

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

FEWEST = 4  # epochs that make a curve
MARKERS = "osD^"
Panel = tuple[Records, str]  # records, and the measure to draw


def moved_figure(
    title: str, caption: str, panels: Mapping[str, Panel], searched: Sequence[str], moved: Sequence[str]
) -> list[Figure]:
    """Panels against the % of weights left: a line per search, points where tickets moved, for only some of them do.

    panels: by the name of the vertical axis. searched, moved: labels of the records. No figure without rows.
    """
    rows = {name: (_rows(panel, searched), _rows(panel, moved)) for name, panel in panels.items()}
    rows = {name: each for name, each in rows.items() if each[0]}

    def draw(canvas: "Canvas") -> None:
        for axes, (name, (lines, points)) in zip(canvas.subplots(1, len(rows), squeeze=False)[0], rows.items()):
            curves(axes, lines, x="left", ylabel=name)
            for number, label in enumerate(moved):
                _points(axes, [row for row in points if row["label"] == label], len(searched) + number)
            left_axis(axes, lines)
            legend(axes)

    every = [row for both in rows.values() for part in both for row in part]
    return [Figure("levels", title, caption, every, draw, size=(1.0 + 3.7 * len(rows), 3.5))] if rows else []


def _rows(panel: Panel, labels: Sequence[str]) -> Rows:
    records, of = panel
    return level_rows(records, {label: label for label in labels}, of)


def _points(axes: "Axes", rows: Rows, slot: int) -> None:
    """Means with whiskers of ± one standard deviation."""
    if rows:
        x, y, whiskers = ([row[key] for row in rows] for key in ("left", "mean", "std"))
        style = {"fmt": MARKERS[slot % len(MARKERS)], "color": SERIES[slot % len(SERIES)], "capsize": 2.5, "zorder": 3}
        axes.errorbar(x, y, whiskers, label=rows[0]["label"], elinewidth=1, markersize=5, **style)


def training_figure(panels: Mapping[str, Records], caption: str) -> list[Figure]:
    """Test accuracy by epoch of each panel's trainings, at the last level; no figure of few epochs."""
    rows = {name: mean_std(records, "label", "epoch", of="epoch_accuracy") for name, records in panels.items()}
    rows = {name: each for name, each in rows.items() if len({row["epoch"] for row in each}) >= FEWEST}

    def draw(canvas: "Canvas") -> None:
        for axes, (name, each) in zip(canvas.subplots(1, len(rows), squeeze=False)[0], rows.items()):
            curves(axes, each, x="epoch", ylabel=f"test accuracy, {name}")

    every = [{"panel": name, **row} for name, each in rows.items() for row in each]
    size = (1.0 + 3.7 * len(rows), 3.5)
    return [Figure("training", "The smallest tickets while they train", caption, every, draw, size)] if rows else []
