"""Figures of tickets/early-bird."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.tickets.early_bird.claims import MIDDLE
from rewire.experiments.tickets.early_bird.stages import CONVNET, MLP, SEEDS
from rewire.experiments.tickets.shared.figures import seeds_note
from rewire.figures import DASHES, INK, Figure, curves, heatmap, mean_std
from rewire.runs import Records

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

NETWORKS = (CONVNET, MLP)
EPSILON = 0.1


def figures(records: Records, runs: Path) -> list[Figure]:
    """All of them, as far as the records go."""
    note = seeds_note(records, NETWORKS)
    return [*_distances(records, note), *_pairs(records), *_accuracy(records, note)]


def _distances(records: Records, note: str) -> list[Figure]:
    """Distance by epoch, a panel per network, a line per fraction kept."""
    seen = [row for row in records if row.get("farthest") is not None]
    rows = [
        {**row, "network": row["label"], "label": f"{row['keep']:g} kept"}
        for row in mean_std(seen, "label", "keep", "epoch", of="farthest")
    ]
    shown = [name for name in NETWORKS if any(row["network"] == name for row in rows)]

    def draw(canvas: "Canvas") -> None:
        for index, (axes, name) in enumerate(zip(canvas.subplots(1, len(shown), sharey=True, squeeze=False)[0], shown)):
            mine = [row for row in rows if row["network"] == name]
            last = name == shown[-1]
            curves(axes, mine, x="epoch", ylabel="" if index else "distance", marks={"ε": EPSILON} if last else {})
            if not last:  # there `marks` draws it
                axes.axhline(EPSILON, color=INK, linewidth=1, linestyle=DASHES[3])
            axes.set_title(name)
        canvas.axes[0].set_ylim(0)  # of all panels, once all are drawn

    caption = (
        "The largest Hamming distance of an epoch's mask from those of the (up to) four epochs before. A ticket is "
        f"drawn at the first epoch with four before it and a distance of at most ε. {note}"
    )
    return [Figure("distances", "Masks settle", caption, rows, draw, (2.0 + 3.2 * len(shown), 3.6))] if rows else []


def _pairs(records: Records) -> list[Figure]:
    """Distances between all pairs of epochs, of one seed."""
    found = {
        name: rows
        for name in NETWORKS
        if (rows := [row for row in records.where(label=name, keep=MIDDLE, seed=SEEDS[0]) if "distances" in row])
    }
    cells = {
        name: [
            {"network": name, "row": row["row"], "column": column, "value": value}
            for row in rows
            for column, value in enumerate(row["distances"], start=1)
        ]
        for name, rows in found.items()
    }

    def draw(canvas: "Canvas") -> None:
        for axes, (name, mine) in zip(canvas.subplots(1, len(cells), squeeze=False)[0], cells.items()):
            heatmap(axes, mine, limits=(0, max(row["value"] for row in mine)), label="Hamming distance")
            ticks = range(4, max(row["row"] for row in mine), 5)
            axes.set_xticks(ticks, [str(tick + 1) for tick in ticks])
            axes.set_yticks(ticks, [str(tick + 1) for tick in ticks])
            axes.set_title(name)
            axes.set_xlabel("epoch")

    caption = (
        f"Distances between the masks of all epochs at {MIDDLE:g} kept, seed {SEEDS[0]}: the dark block is settled."
    )
    rows = [cell for mine in cells.values() for cell in mine]
    return (
        [Figure("pairs", "Every epoch against every other", caption, rows, draw, (4.2 * len(cells), 3.6))]
        if rows
        else []
    )


def _accuracy(records: Records, note: str) -> list[Figure]:
    rows = [{**row, "epoch": row["at"]} for row in mean_std(records, "label", "at", of="accuracy")]

    def draw(canvas: "Canvas") -> None:
        curves(canvas.subplots(), rows, x="epoch", ylabel="accuracy")

    caption = f"On a fixed tenth of the test set; the learning rate falls at 1/2 and 3/4 of them. {note}"
    return [Figure("accuracy", "Meanwhile", caption, rows, draw)] if rows else []
