"""Figures of permute/resnet20."""

from pathlib import Path

from rewire.experiments.permute.resnet20.stages import ADAM, AUTO, LAPERM
from rewire.experiments.permute.shared.image_figures import training_figures
from rewire.figures import Figure
from rewire.runs import Records

PAPER = {"paper, k = 10": 0.8741}


def figures(records: Records, runs: Path) -> list[Figure]:
    """Fig 11, and what it does not show."""
    labels = {label: label for label in (LAPERM, AUTO, ADAM)}
    caption = (
        "Fig 11: test accuracy of ResNet-20 on CIFAR-10 by step; the learning rate falls to a tenth at .4, .6, .8 and "
        ".9 of them. The paper's Adam comes to 91.74 %."
    )
    return training_figures(records, labels, "ResNet-20, weights moved or changed", caption, PAPER)
