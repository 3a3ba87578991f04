"""Figures of tickets/stability."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.tickets.shared.figures import seeds_note
from rewire.figures import Figure, curves, mean_std
from rewire.runs import Records

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

UNITS = {"distance": "L2 distance", "angle": "angle, degrees"}


def figures(records: Records, runs: Path) -> list[Figure]:
    """All of them, as far as the records go."""
    note = seeds_note(records, records.by("label"))
    return [*_distances(records, note), *_accuracies(records, note), *_lines(records, note)]


def _distances(records: Records, note: str) -> list[Figure]:
    rows = [
        {**row, "label": row["network"], "of": of}
        for of in UNITS
        for row in mean_std(records, "network", "to", "rewind", of=of)
    ]

    def draw(canvas: "Canvas") -> None:
        grid = canvas.subplots(2, 2, sharex=True)
        for across, to in enumerate(("pruning", "data order")):
            for down, (of, unit) in enumerate(UNITS.items()):
                axes = grid[down][across]
                mine = [row for row in rows if row["to"] == to and row["of"] == of]
                curves(axes, mine, x="rewind", xlabel="rewinding step k" if down else "", ylabel=unit)
                axes.set_ylim(0)
                if not down:
                    axes.set_title(f"to {to}")

    caption = (
        "How far subnetworks of 10.7 % of the weights end from the dense network trained alike (pruning), and from "
        f"themselves trained in another order (data order). {note}"
    )
    return [Figure("distances", "Stability", caption, rows, draw, size=(7.6, 5.2))] if rows else []


def _accuracies(records: Records, note: str) -> list[Figure]:
    rows = [{**row, "label": row["network"]} for row in mean_std(records, "network", "rewind", of="accuracy")]

    def draw(canvas: "Canvas") -> None:
        curves(canvas.subplots(), rows, x="rewind", xlabel="rewinding step k", ylabel="test accuracy")

    caption = f"Each network after the same number of steps, by the step whose values it was rewound to. {note}"
    return [Figure("accuracy", "Late resetting", caption, rows, draw)] if rows else []


def _lines(records: Records, note: str) -> list[Figure]:
    rows = [{**row, "label": row["network"]} for row in mean_std(records, "network", "rewind", "alpha", of="error")]
    steps = sorted({row["rewind"] for row in rows})

    def draw(canvas: "Canvas") -> None:
        for index, (axes, k) in enumerate(zip(canvas.subplots(1, len(steps), sharey=True, squeeze=False)[0], steps)):
            mine = [row for row in rows if row["rewind"] == k]
            curves(axes, mine, x="alpha", xlabel="α", ylabel="test error" if index == 0 else "")
            axes.set_title(f"k = {k}")
        canvas.axes[0].set_ylim(0)  # of all panels, once all are drawn

    caption = f"Test error on the straight line between the ends of two orders of the data. {note}"
    return [Figure("line", "Between two orders", caption, rows, draw, (1.6 + 2.3 * len(steps), 3.4))] if rows else []
