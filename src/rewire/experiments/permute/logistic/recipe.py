"""permute/logistic: logistic regression by SGPerm and by Adam, from the same weights."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.permute.logistic.claims import CLAIMS
from rewire.experiments.permute.logistic.stages import LogisticConfig, stages
from rewire.experiments.permute.shared.config import DOCUMENT
from rewire.experiments.recipe import Context, Recipe
from rewire.runs import Records

if TYPE_CHECKING:
    from rewire.figures import Figure


def execute(config: LogisticConfig, context: Context) -> None:
    """One training."""
    from rewire.experiments.permute.logistic.runs import run

    run(config, context)


def draw(records: Records, runs: Path) -> "list[Figure]":
    """Accuracy by update, what the first updates change, weight vectors before and after."""
    from rewire.experiments.permute.logistic.figures import figures

    return figures(records, runs)


RECIPE = Recipe(
    id="permute/logistic",
    document=DOCUMENT,
    figures=("Fig 8", "Fig 9"),
    summary="784-10 on MNIST by moving weights (SGPerm, three ways to match) and by Adam.",
    claims=CLAIMS,
    stages=stages,
    execute=execute,
    cost={"quick": 25, "full": 80},
    draw=draw,
    data=("mnist",),
)
