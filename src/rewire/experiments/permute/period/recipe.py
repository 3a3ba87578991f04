"""permute/period: how many steps between syncs."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.permute.period.claims import CLAIMS
from rewire.experiments.permute.period.stages import stages
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
    """Accuracy by k; slots moved and mobility over training."""
    from rewire.experiments.permute.period.figures import figures

    return figures(records, runs)


RECIPE = Recipe(
    id="permute/period",
    document=DOCUMENT,
    figures=("5.2.2",),
    summary="784-500-300-10 by LAPerm with few and with many steps between syncs, and as many as mobility asks.",
    claims=CLAIMS,
    stages=stages,
    execute=execute,
    cost={"quick": 95, "full": 2700},
    draw=draw,
    data=("mnist",),
)
