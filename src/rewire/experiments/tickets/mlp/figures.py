"""Figures of tickets/mlp."""

from pathlib import Path

from rewire.experiments.tickets.mlp.stages import FAITHFUL, POPULAR
from rewire.experiments.tickets.shared.figures import (
    accuracy_figure,
    early_stop_figure,
    layers_figure,
    level_rows,
    panels_figure,
    seeds_note,
    units_figure,
)
from rewire.figures import Figure
from rewire.runs import Records

TRAINERS = {FAITHFUL: FAITHFUL, POPULAR: POPULAR}


def figures(records: Records, runs: Path) -> list[Figure]:
    """All of them, as far as the records go."""
    note = seeds_note(records, TRAINERS)
    return [
        *accuracy_figure(
            records,
            TRAINERS,
            "784-300-100-10 by % of weights left",
            "Fig 1 and Table 1 at the end of each level's training. The popular repository's trainer freezes negative "
            f"weights and draws biases from N(0, 1); everything else is alike. {note}",
        ),
        *_reporting(records, note),
        *early_stop_figure(
            records, TRAINERS, f"The step of the least loss on the validation images, looked at once an epoch. {note}"
        ),
        *layers_figure(
            records, FAITHFUL, "Every layer loses the same fraction per level, so one curve hides the others."
        ),
        *units_figure(
            records,
            POPULAR,
            f"Rows of the last layer by level, {POPULAR}; a unit without any can answer by its bias only.",
        ),
    ]


def _reporting(records: Records, note: str) -> list[Figure]:
    """What reporting the best test epoch adds, by either trainer."""
    rows = [
        {**row, "label": f"{row['label']}, {shown}"}
        for of, shown in (("accuracy", "last epoch"), ("best_accuracy", "best test epoch"))
        for row in level_rows(records, TRAINERS, of)
    ]
    caption = f"The popular repository reports each level's best epoch on the test set. {note}"
    return panels_figure("reporting", "Last epoch or best test epoch", caption, {"test accuracy": rows})
