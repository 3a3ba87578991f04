"""tickets/stability: late resetting, stability to pruning and to data order, and the line between two orders."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.recipe import Context, Recipe
from rewire.experiments.tickets.shared.config import DOCUMENT
from rewire.experiments.tickets.stability.claims import CLAIMS
from rewire.experiments.tickets.stability.stages import StabilityConfig, stages
from rewire.runs import Records

if TYPE_CHECKING:
    from rewire.figures import Figure


def execute(config: StabilityConfig, context: Context) -> None:
    """One search, its ticket and a random mask trained in two orders."""
    from rewire.experiments.tickets.stability.runs import run

    run(config, context)


def draw(records: Records, runs: Path) -> "list[Figure]":
    """Distances and angles, accuracy by rewinding step, and the error between two orders."""
    from rewire.experiments.tickets.stability.figures import figures

    return figures(records, runs)


RECIPE = Recipe(
    id="tickets/stability",
    document=DOCUMENT,
    figures=(),
    summary="Tickets rewound to step k against random masks: stable to pruning and data order, and connected.",
    claims=CLAIMS,
    stages=stages,
    execute=execute,
    cost={"quick": 40, "full": 1150},
    draw=draw,
    data=("mnist",),
)
