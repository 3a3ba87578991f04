"""Figures of tickets/reinit."""

from pathlib import Path

from rewire.experiments.tickets.reinit.stages import RANDOM, REINIT, RESHUFFLE, TICKET
from rewire.experiments.tickets.shared.figures import accuracy_figure, early_stop_figure
from rewire.figures import Figure
from rewire.runs import Records

STARTS = {start: start for start in (TICKET, REINIT, RESHUFFLE, RANDOM)}


def figures(records: Records, runs: Path) -> list[Figure]:
    """Accuracy, loss and early stopping against the % left, of the ticket and its controls."""
    rows = Records([{**row, "label": row["start"]} for row in records if "start" in row])
    note = (
        "The controls train the ticket's mask from newly drawn values or from its own in another order, or a random "
        "mask of the same densities from the ticket's values. Bands: ± one standard deviation over seeds and draws."
    )
    return [
        *accuracy_figure(rows, STARTS, "The ticket and its controls", note),
        *early_stop_figure(rows, STARTS, f"The step of the least validation loss. {note}"),
    ]
