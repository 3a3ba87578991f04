"""Figures of zhou/mask-one."""

from pathlib import Path

from rewire.experiments.tickets.shared.figures import level_rows, panels_figure, seeds_note
from rewire.experiments.zhou.mask_one.stages import ACTIONS, REWIND, SIGNED
from rewire.figures import Figure
from rewire.runs import Records


def figures(records: Records, runs: Path) -> list[Figure]:
    """Accuracy against the % left, with random signs and with the weights' own."""
    shown = {"random signs": (REWIND, *ACTIONS), "own signs": (REWIND, *SIGNED)}
    names = {label: label.removesuffix(", same sign") for label in (REWIND, *ACTIONS, *SIGNED)}
    panels = {
        f"test accuracy, {which}": level_rows(records, {label: names[label] for label in labels}, "accuracy")
        for which, labels in shown.items()
    }
    note = (
        "Masks by large final magnitude; pruned weights are 0. reinit draws new values, reinit_shuffled is their "
        f"code's shuffle of all the layer's. {seeds_note(records, names)}"
    )
    values = [row["mean"] for rows in panels.values() for row in rows]
    limits = dict.fromkeys(panels, (min(values) - 0.01, max(values) + 0.005)) if values else {}
    return panels_figure("levels", "What kept weights start from", note, panels, limits)
