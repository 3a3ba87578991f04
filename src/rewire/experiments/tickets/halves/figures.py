"""Figures of tickets/halves."""

from pathlib import Path

from rewire.experiments.tickets.halves.stages import FAITHFUL, POPULAR, TRAINERS, trainings
from rewire.experiments.tickets.shared.figures import seeds_note
from rewire.experiments.tickets.shared.transfer import named
from rewire.experiments.tickets.shared.transfer_figures import moved_figure, training_figure
from rewire.figures import Figure
from rewire.runs import Records

SHOWN = {FAITHFUL: "accuracy", POPULAR: "best_accuracy"}


def figures(records: Records, runs: Path) -> list[Figure]:
    """All of them, as far as the records go."""
    note = seeds_note(records, {label for name in TRAINERS for label, _ in trainings(name)})
    panels = {f"test accuracy, {name}": (named(records, trainings(name)), SHOWN[name]) for name in TRAINERS}
    caption = (
        "Fig 3. T1 is the ticket found on half S1, T2 that found on half S2. The popular repository's trainer freezes "
        "negative weights, draws biases from N(0, 1) and reports the best test epoch; the faithful one's values are "
        f"the last epoch's. Points are moved tickets. {note}"
    )
    return [
        *moved_figure(
            "Tickets of one half trained on the other", caption, panels, ("T1 on S1", "T2 on S2"), ("T1 on S2",)
        ),
        *training_figure(
            {name: named(records, trainings(name)) for name in TRAINERS},
            f"The smallest tickets' test accuracy while they train. {note}",
        ),
    ]
