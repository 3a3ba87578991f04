"""Figures of tickets/optimizers."""

from pathlib import Path

from rewire.experiments.tickets.optimizers.stages import ADAM, SGD, TRAININGS
from rewire.experiments.tickets.shared.figures import seeds_note
from rewire.experiments.tickets.shared.transfer import named
from rewire.experiments.tickets.shared.transfer_figures import moved_figure, training_figure
from rewire.figures import Figure
from rewire.runs import Records


def figures(records: Records, runs: Path) -> list[Figure]:
    """All of them, as far as the records go."""
    note = seeds_note(records, (SGD, ADAM))
    mine = named(records, TRAININGS)
    own = {key: name for key, name in TRAININGS.items() if not key[1]}
    return [
        *moved_figure(
            "Tickets by SGD and by Adam",
            "Fig 5 at the end of each level's training: SGD with momentum .9, and Adam, both at a rate of .0012; some "
            f"masks trained by the other optimizer as well (points), from the same initial values. {note}",
            {f"test {of}": (mine, of) for of in ("accuracy", "loss")},
            [name for (_, moved), name in TRAININGS.items() if not moved],
            [name for (_, moved), name in TRAININGS.items() if moved],
        ),
        *training_figure({"the smallest tickets": named(records, own)}, f"By the end of each epoch. {note}"),
    ]
