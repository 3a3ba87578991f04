"""tickets/optimizers: tickets found by SGD and by Adam, each trained by the other as well."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.recipe import Context, Recipe
from rewire.experiments.tickets.optimizers.claims import CLAIMS
from rewire.experiments.tickets.optimizers.stages import stages
from rewire.experiments.tickets.shared.config import DOCUMENT
from rewire.experiments.tickets.shared.transfer import TransferConfig
from rewire.runs import Records

if TYPE_CHECKING:
    from rewire.figures import Figure


def execute(config: TransferConfig, context: Context) -> None:
    """One search, and its tickets trained by the other optimizer."""
    from rewire.experiments.tickets.shared.transfer_runs import run

    run(config, context)


def draw(records: Records, runs: Path) -> "list[Figure]":
    """Accuracy and loss against the % left, and by step, for each mask by each optimizer."""
    from rewire.experiments.tickets.optimizers.figures import figures

    return figures(records, runs)


RECIPE = Recipe(
    id="tickets/optimizers",
    document=DOCUMENT,
    figures=("Fig 5a", "Fig 5b"),
    summary="Tickets found by SGD and by Adam, and each of them trained by the other optimizer.",
    claims=CLAIMS,
    stages=stages,
    execute=execute,
    cost={"quick": 45, "full": 1500},
    draw=draw,
    data=("mnist",),
)
