"""Figures of tickets/halves."""

from pathlib import Path

from rewire.experiments.tickets.halves.stages import FAITHFUL, POPULAR, TRAINERS, trainings
from rewire.experiments.tickets.shared.figures import level_rows, panels_figure, seeds_note
from rewire.experiments.tickets.shared.transfer import named
from rewire.experiments.tickets.shared.transfer_figures import training_figure
from rewire.figures import Figure
from rewire.runs import Records

SHOWN = {FAITHFUL: "accuracy", POPULAR: "best_accuracy"}


def figures(records: Records, runs: Path) -> list[Figure]:
    """All of them, as far as the records go."""
    note = seeds_note(records, {label for name in TRAINERS for label, _ in trainings(name)})
    panels = {f"test accuracy, {name}": _rows(records, name) for name in TRAINERS}
    caption = (
        "Fig 3. T1 is the ticket found on half S1, T2 that found on half S2. The popular repository's trainer freezes "
        "negative weights, draws biases from N(0, 1) and reports the best test epoch; the faithful one's values are "
        f"the last epoch's. {note}"
    )
    return [
        *panels_figure("levels", "Tickets of one half trained on the other", caption, panels),
        *training_figure(
            {name: named(records, trainings(name)) for name in TRAINERS},
            f"The smallest tickets' test accuracy while they train. {note}",
        ),
    ]


def _rows(records: Records, trainer: str) -> list[dict]:
    mine = named(records, trainings(trainer))
    return level_rows(mine, {name: name for name in trainings(trainer).values()}, SHOWN[trainer])
