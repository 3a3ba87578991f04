"""tickets/datasets: tickets found on MNIST and on Fashion-MNIST, each trained on the other."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.recipe import Context, Recipe
from rewire.experiments.tickets.datasets.claims import CLAIMS
from rewire.experiments.tickets.datasets.stages import stages
from rewire.experiments.tickets.shared.config import DOCUMENT
from rewire.experiments.tickets.shared.transfer import TransferConfig
from rewire.runs import Records

if TYPE_CHECKING:
    from rewire.figures import Figure


def execute(config: TransferConfig, context: Context) -> None:
    """One search, its tickets trained on the other dataset, and random masks there."""
    from rewire.experiments.tickets.shared.transfer_runs import run

    run(config, context, controls=True)


def draw(records: Records, runs: Path) -> "list[Figure]":
    """Accuracy on each dataset against the % left, and by step: own ticket, moved ticket, random mask."""
    from rewire.experiments.tickets.datasets.figures import figures

    return figures(records, runs)


RECIPE = Recipe(
    id="tickets/datasets",
    document=DOCUMENT,
    figures=(),
    summary="Tickets of MNIST trained on Fashion-MNIST and back, beside random masks of the same densities.",
    claims=CLAIMS,
    stages=stages,
    execute=execute,
    cost={"quick": 50, "full": 1650},
    draw=draw,
    data=("mnist", "fashion-mnist"),
)
