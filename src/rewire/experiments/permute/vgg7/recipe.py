"""permute/vgg7: VGG-7 by LAPerm and by Adam."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.permute.shared.config import DOCUMENT, TrainConfig
from rewire.experiments.permute.vgg7.claims import CLAIMS
from rewire.experiments.permute.vgg7.stages import stages
from rewire.experiments.recipe import Context, Recipe
from rewire.runs import Records

if TYPE_CHECKING:
    from rewire.figures import Figure


def execute(config: TrainConfig, context: Context) -> None:
    """One training."""
    from rewire.experiments.permute.shared.training import run

    run(config, context)


def draw(records: Records, runs: Path) -> "list[Figure]":
    """Accuracy by step; slots moved by each sync, and mobility."""
    from rewire.experiments.permute.vgg7.figures import figures

    return figures(records, runs)


RECIPE = Recipe(
    id="permute/vgg7",
    document=DOCUMENT,
    figures=("Fig 12",),
    summary="VGG-7 on CIFAR-10 by LAPerm (k = 10 and auto) and by Adam with regularisation.",
    claims=CLAIMS,
    stages=stages,
    execute=execute,
    cost={"quick": 140, "full": 630_000},
    draw=draw,
    data=("cifar-10",),
)
