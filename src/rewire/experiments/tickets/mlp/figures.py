"""Figures of tickets/mlp."""

from pathlib import Path

from rewire.experiments.tickets.mlp.stages import FAITHFUL, GENTLE, POPULAR
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

TRAINERS = {FAITHFUL: FAITHFUL, POPULAR: POPULAR, GENTLE: "output at half the rate"}


def figures(records: Records, runs: Path) -> list[Figure]:
    """All of them, as far as the records go."""
    note = seeds_note(records, TRAINERS)
    return [
        *accuracy_figure(
            records,
            TRAINERS,
            "784-300-100-10 by % of weights left",
            "Fig 1 and Table 1 at the end of each level's training. The popular repository's trainer freezes negative "
            "weights and draws biases from N(0, 1); Frankle & Carbin prune the output layer at half the others' rate; "
            f"everything else is alike. {note}",
        ),
        *_reporting(records, note),
        *early_stop_figure(
            records, TRAINERS, f"The step of the least loss on the validation images, looked at once an epoch. {note}"
        ),
        *layers_figure(
            records, GENTLE, f"With the {GENTLE}; by the other trainers every layer falls as the first two."
        ),
        *units_figure(
            records, FAITHFUL, "Mean over seeds, faithful trainer. A unit without any weight answers by its bias alone."
        ),
    ]


def _reporting(records: Records, note: str) -> list[Figure]:
    """What reporting the best test epoch adds, by either trainer; nothing where a level is a single epoch."""
    trainers = {label: TRAINERS[label] for label in (FAITHFUL, POPULAR)}
    last, best = (level_rows(records, trainers, of) for of in ("accuracy", "best_accuracy"))
    if [row["mean"] for row in last] == [row["mean"] for row in best]:
        return []
    shown = ((last, "last epoch"), (best, "best test epoch"))
    rows = [{**row, "label": f"{row['label']}, {which}"} for each, which in shown for row in each]
    caption = f"The popular repository reports each level's best epoch on the test set. {note}"
    return panels_figure("reporting", "Last epoch or best test epoch", caption, {"test accuracy": rows})
