"""tickets/mlp: the fully connected network pruned level by level, by a faithful trainer and by the popular one."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.recipe import Context, Recipe
from rewire.experiments.tickets.mlp.claims import CLAIMS
from rewire.experiments.tickets.mlp.stages import stages
from rewire.experiments.tickets.shared.config import DOCUMENT, SearchConfig
from rewire.runs import Records

if TYPE_CHECKING:
    from rewire.figures import Figure


def execute(config: SearchConfig, context: Context) -> None:
    """One search."""
    from rewire.experiments.tickets.shared.runs import run

    run(config, context)


def draw(records: Records, runs: Path) -> "list[Figure]":
    """Accuracy, loss and early stopping against the % left; densities per layer; weights left per output unit."""
    from rewire.experiments.tickets.mlp.figures import figures

    return figures(records, runs)


RECIPE = Recipe(
    id="tickets/mlp",
    document=DOCUMENT,
    figures=("Fig 1", "Table 1"),
    summary="784-300-100-10 pruned to a tenth and beyond, by a faithful trainer and by one that freezes negatives.",
    claims=CLAIMS,
    stages=stages,
    execute=execute,
    cost={"quick": 80, "full": 8300},
    draw=draw,
    data=("mnist",),
)
