"""Figures of zhou/mask-zero."""

from pathlib import Path

from rewire.experiments.tickets.shared.figures import level_rows, panels_figure, seeds_note
from rewire.experiments.zhou.mask_zero.stages import FREEZE, OPPOSITE, RANDOM, TREATMENTS, VARIANT_1, VARIANT_2, ZERO
from rewire.figures import Figure
from rewire.runs import Records


def figures(records: Records, runs: Path) -> list[Figure]:
    """Accuracy against the % left: the treatments, and variant 1 beside its controls."""
    shown = {"treatments": (ZERO, FREEZE, VARIANT_1, VARIANT_2), "controls": (ZERO, VARIANT_1, RANDOM, OPPOSITE)}
    panels = {
        f"test accuracy, {which}": level_rows(records, {label: label for label in labels}, "accuracy")
        for which, labels in shown.items()
    }
    note = (
        "Masks by large final magnitude. Variant 1: a pruned weight is 0 if its magnitude fell in training, else its "
        "initial value; variant 2: kept weights start likewise. Controls of variant 1: as many zeros at random, or the "
        f"weights that rose. {seeds_note(records, TREATMENTS)}"
    )
    values = [row["mean"] for rows in panels.values() for row in rows]
    limits = dict.fromkeys(panels, (min(values) - 0.01, max(values) + 0.005)) if values else {}
    return panels_figure("levels", "What pruned weights are frozen at", note, panels, limits)
