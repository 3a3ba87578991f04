"""tickets/filters: LeNet-5 loses whole filters and becomes smaller; VGG-7 and ResNet-20 are shrunk untrained."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.recipe import Context, Recipe
from rewire.experiments.tickets.filters.claims import CLAIMS
from rewire.experiments.tickets.filters.stages import CostConfig, FilterConfig, stages
from rewire.experiments.tickets.shared.config import DOCUMENT
from rewire.runs import Records

if TYPE_CHECKING:
    from rewire.figures import Figure


def execute(config: FilterConfig | CostConfig, context: Context) -> None:
    """Train, prune, shrink and retrain; or measure what networks cost."""
    if isinstance(config, CostConfig):
        from rewire.experiments.tickets.filters.costs import measure

        measure(config, context)
    else:
        from rewire.experiments.tickets.filters.runs import run

        run(config, context)


def draw(records: Records, runs: Path) -> "list[Figure]":
    """Accuracy against multiply-adds, and the costs before and after."""
    from rewire.experiments.tickets.filters.figures import figures

    return figures(records, runs)


RECIPE = Recipe(
    id="tickets/filters",
    document=DOCUMENT,
    figures=("3",),
    summary="Filters of small L1 norm removed for good: accuracy, multiply-adds and seconds before and after.",
    claims=CLAIMS,
    stages=stages,
    execute=execute,
    cost={"quick": 60, "full": 2400},
    draw=draw,
    data=("mnist",),
)
