"""Figures of tickets/lenet5."""

from pathlib import Path

from rewire.experiments.tickets.lenet5.stages import CONV2, STANDARD
from rewire.experiments.tickets.shared.figures import accuracy_figure, early_stop_figure, seeds_note, units_figure
from rewire.figures import Figure
from rewire.runs import Records

NETWORKS = {STANDARD: STANDARD, CONV2: "Conv-2, popular repository"}


def figures(records: Records, runs: Path) -> list[Figure]:
    """Accuracy, loss and early stopping against the % left, and what is left into each output unit."""
    steps = max((row["steps"] for row in records if "steps" in row), default=0)
    note = f"{seeds_note(records, NETWORKS)} {steps:,} steps a level."
    return [
        *accuracy_figure(records, NETWORKS, "LeNet-5 by % of weights left", f"Fig 2. {note}"),
        *early_stop_figure(records, NETWORKS, f"The step of the least validation loss, an epoch's end. {note}"),
        *units_figure(records, STANDARD, "Weights of the last layer by level and unit."),
    ]
