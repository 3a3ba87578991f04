"""tickets/reinit: are a ticket's initial values, or its mask, what makes it win?"""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.recipe import Context, Recipe
from rewire.experiments.tickets.reinit.claims import CLAIMS
from rewire.experiments.tickets.reinit.stages import ReinitConfig, stages
from rewire.experiments.tickets.shared.config import DOCUMENT
from rewire.runs import Records

if TYPE_CHECKING:
    from rewire.figures import Figure


def execute(config: ReinitConfig, context: Context) -> None:
    """One search and its controls."""
    from rewire.experiments.tickets.reinit.runs import run

    run(config, context)


def draw(records: Records, runs: Path) -> "list[Figure]":
    """The ticket and its controls against the % left."""
    from rewire.experiments.tickets.reinit.figures import figures

    return figures(records, runs)


RECIPE = Recipe(
    id="tickets/reinit",
    document=DOCUMENT,
    figures=("7.1",),
    summary="Tickets against the same masks with new or reordered initial values, and against random masks.",
    claims=CLAIMS,
    stages=stages,
    execute=execute,
    cost={"quick": 60, "full": 1900},
    draw=draw,
    data=("mnist",),
)
