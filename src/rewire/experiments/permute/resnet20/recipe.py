"""permute/resnet20: ResNet-20 by LAPerm and by Adam."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.permute.resnet20.claims import CLAIMS
from rewire.experiments.permute.resnet20.stages import stages
from rewire.experiments.permute.shared.config import DOCUMENT, TrainConfig
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
    from rewire.experiments.permute.resnet20.figures import figures

    return figures(records, runs)


RECIPE = Recipe(
    id="permute/resnet20",
    document=DOCUMENT,
    figures=("Fig 11",),
    summary="ResNet-20 on CIFAR-10 by LAPerm (k = 10 and auto) and by Adam alone.",
    claims=CLAIMS,
    stages=stages,
    execute=execute,
    cost={"quick": 140, "full": 100_000},
    draw=draw,
    data=("cifar-10",),
)
