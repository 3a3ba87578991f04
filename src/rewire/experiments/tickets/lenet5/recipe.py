"""tickets/lenet5: the convolutional network pruned level by level."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.recipe import Context, Recipe
from rewire.experiments.tickets.lenet5.claims import CLAIMS
from rewire.experiments.tickets.lenet5.stages import stages
from rewire.experiments.tickets.shared.config import DOCUMENT, SearchConfig
from rewire.runs import Records

if TYPE_CHECKING:
    from rewire.figures import Figure


def execute(config: SearchConfig, context: Context) -> None:
    """One search."""
    from rewire.experiments.tickets.shared.runs import run

    run(config, context)


def draw(records: Records, runs: Path) -> "list[Figure]":
    """Accuracy, loss and early stopping against the % left."""
    from rewire.experiments.tickets.lenet5.figures import figures

    return figures(records, runs)


RECIPE = Recipe(
    id="tickets/lenet5",
    document=DOCUMENT,
    figures=("Fig 2",),
    summary="LeNet-5, the standard one and the popular repository's (Conv-2), pruned to a seventh and beyond.",
    claims=CLAIMS,
    stages=stages,
    execute=execute,
    cost={"quick": 40, "full": 97_000},
    draw=draw,
    data=("mnist",),
)
