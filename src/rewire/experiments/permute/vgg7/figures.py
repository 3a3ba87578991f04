"""Figures of permute/vgg7."""

from pathlib import Path

from rewire.experiments.permute.shared.image_figures import training_figures
from rewire.experiments.permute.vgg7.stages import ADAM, AUTO, LAPERM, REGULARISED
from rewire.figures import Figure
from rewire.runs import Records


def figures(records: Records, runs: Path) -> list[Figure]:
    """Fig 12, and what it does not show."""
    labels = {label: label for label in (LAPERM, AUTO, ADAM, REGULARISED)}
    caption = (
        "Fig 12: test accuracy of VGG-7 on CIFAR-10 by step; the learning rate falls to a tenth at .5 and .7 of them."
    )
    marks = {"paper, k = 10": 0.9003}
    return training_figures(records, labels, "VGG-7, weights moved or changed", caption, marks)
