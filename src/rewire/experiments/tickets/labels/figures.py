"""Figures of tickets/labels."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.tickets.labels.claims import ALWAYS_SEVEN
from rewire.experiments.tickets.labels.stages import FIVE, TEN, trainings
from rewire.experiments.tickets.shared.figures import left_axis, level_rows, seeds_note, units_figure
from rewire.experiments.tickets.shared.transfer import named
from rewire.experiments.tickets.shared.transfer_figures import training_figure
from rewire.figures import Figure, curves
from rewire.runs import Records

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

HEADS = (TEN, FIVE)
DIGITS = {False: "the digits 0–4", True: "the digits 5–9"}


def figures(records: Records, runs: Path) -> list[Figure]:
    """All of them, as far as the records go."""
    note = seeds_note(records, HEADS)
    return [
        *_accuracies(records, note),
        *units_figure(
            records.where(moved=False),
            TEN,
            "The tickets found on 0–4 by level, mean over the seeds. A row of the output layer without weights can "
            f"answer by its bias only, whatever the image. {seeds_note(records, [TEN]).split(';')[0]}.",
        ),
        *training_figure(
            {head: named(records, trainings(head)) for head in HEADS},
            f"The smallest tickets' test accuracy while they train. {note}",
        ),
    ]


def _accuracies(records: Records, note: str) -> list[Figure]:
    """Both heads on the digits of the search, and on the others beside the line of those who always answer 7."""
    panels = {
        moved: level_rows(named(records, {(head, moved): head for head in HEADS}), {h: h for h in HEADS}, "accuracy")
        for moved in DIGITS
    }
    if not all(panels.values()):
        return []

    def draw(canvas: "Canvas") -> None:
        for axes, (moved, rows) in zip(canvas.subplots(1, 2, sharey=True), panels.items()):
            marks = {"always 7": round(ALWAYS_SEVEN, 6)} if moved else None
            curves(axes, rows, x="left", ylabel=f"test accuracy, {DIGITS[moved]}", marks=marks)
            left_axis(axes, rows)

    caption = (
        "Fig 4. Tickets found on 0–4, trained there and, from the same initial values, on 5–9. Ten outputs are the "
        f"report's network; with five, the digits of either half share them. {note}"
    )
    every = [{"digits": DIGITS[moved], **row} for moved, rows in panels.items() for row in rows]
    return [Figure("levels", "Tickets moved to unseen digits", caption, every, draw, size=(8.6, 3.5))]
