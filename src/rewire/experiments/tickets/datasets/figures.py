"""Figures of tickets/datasets."""

from pathlib import Path

from rewire.experiments.tickets.datasets.claims import MOVED, OWN, RANDOM, on
from rewire.experiments.tickets.datasets.stages import FASHION, MNIST
from rewire.experiments.tickets.shared.figures import seeds_note
from rewire.experiments.tickets.shared.transfer_figures import moved_figure, training_figure
from rewire.figures import Figure
from rewire.runs import Records


def figures(records: Records, runs: Path) -> list[Figure]:
    """All of them, as far as the records go."""
    note = seeds_note(records, (MNIST, FASHION))
    by_target = {target: on(records, target) for target in (MNIST, FASHION)}
    caption = (
        "Own tickets were found on the dataset that they are tested on, moved tickets on the other one. All start from "
        "the same initial values, and so do the random masks, which have the moved tickets' layer densities. Points "
        f"are of the levels that moved. {note}"
    )
    return [
        *moved_figure(
            "Tickets of one dataset trained on another",
            caption,
            {f"test accuracy, {target}": (mine, "accuracy") for target, mine in by_target.items()},
            [OWN],
            [MOVED, RANDOM],
        ),
        *training_figure(by_target, f"The smallest masks' test accuracy while they train. {note}"),
    ]
