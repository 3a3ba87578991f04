"""permute/mlp: the fully connected network by SGPerm and by Adam, two datasets from the same weights."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.permute.mlp.claims import CLAIMS
from rewire.experiments.permute.mlp.stages import stages
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
    """Accuracy by update, on both datasets."""
    from rewire.experiments.permute.mlp.figures import figures

    return figures(records, runs)


RECIPE = Recipe(
    id="permute/mlp",
    document=DOCUMENT,
    figures=("Fig 10",),
    summary="784-500-300-10 on MNIST and Fashion-MNIST by moving one set of values, and by Adam.",
    claims=CLAIMS,
    stages=stages,
    execute=execute,
    cost={"quick": 210, "full": 620},
    draw=draw,
    data=("mnist", "fashion-mnist"),
)
