"""Figures of permute/mlp."""

from pathlib import Path

from rewire.experiments.permute.mlp.stages import DATASETS, WAYS, named
from rewire.experiments.permute.shared.figures import curves_figure, seeds_note, step_rows
from rewire.figures import Figure
from rewire.runs import Records


def figures(records: Records, runs: Path) -> list[Figure]:
    """Fig 10: both datasets, from the same weights."""
    panels = {dataset: step_rows(records, {named(way, dataset): way for way in WAYS}) for dataset in DATASETS}
    caption = (
        "Fig 10: test accuracy of 784-500-300-10 by update, batches of 64. Of a seed, all eight trainings begin with "
        f"the same weights. {seeds_note(records, [named(way, data) for data in DATASETS for way in WAYS])}"
    )
    limits = {"MNIST": (0.75, 1.0), "Fashion-MNIST": (0.6, 0.9)}
    return curves_figure("accuracy", "Moved or changed", caption, panels, limits=limits, sharey=False)
