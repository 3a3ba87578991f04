"""tickets/halves: tickets found on one half of MNIST, trained on the other."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.recipe import Context, Recipe
from rewire.experiments.tickets.halves.claims import CLAIMS
from rewire.experiments.tickets.halves.stages import stages
from rewire.experiments.tickets.shared.config import DOCUMENT
from rewire.experiments.tickets.shared.transfer import TransferConfig
from rewire.runs import Records

if TYPE_CHECKING:
    from rewire.figures import Figure


def execute(config: TransferConfig, context: Context) -> None:
    """One search, and its tickets trained on the other half."""
    from rewire.experiments.tickets.shared.transfer_runs import run

    run(config, context)


def draw(records: Records, runs: Path) -> "list[Figure]":
    """Accuracy against the % left, and by step, for each ticket on each half."""
    from rewire.experiments.tickets.halves.figures import figures

    return figures(records, runs)


RECIPE = Recipe(
    id="tickets/halves",
    document=DOCUMENT,
    figures=("Fig 3",),
    summary="Tickets found on one half of MNIST and trained on the other, by a faithful and by the popular trainer.",
    claims=CLAIMS,
    stages=stages,
    execute=execute,
    cost={"quick": 60, "full": 1200},
    draw=draw,
    data=("mnist",),
)
