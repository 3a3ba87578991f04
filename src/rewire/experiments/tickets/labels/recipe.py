"""tickets/labels: tickets found on the digits 0 to 4, trained on 5 to 9."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.recipe import Context, Recipe
from rewire.experiments.tickets.labels.claims import CLAIMS
from rewire.experiments.tickets.labels.stages import stages
from rewire.experiments.tickets.shared.config import DOCUMENT
from rewire.experiments.tickets.shared.transfer import TransferConfig
from rewire.runs import Records

if TYPE_CHECKING:
    from rewire.figures import Figure


def execute(config: TransferConfig, context: Context) -> None:
    """One search, and its tickets trained on the other digits."""
    from rewire.experiments.tickets.shared.transfer_runs import run

    run(config, context)


def draw(records: Records, runs: Path) -> "list[Figure]":
    """Accuracy against the % left on either digits, by step, and the weights left into each output unit."""
    from rewire.experiments.tickets.labels.figures import figures

    return figures(records, runs)


RECIPE = Recipe(
    id="tickets/labels",
    document=DOCUMENT,
    figures=("Fig 4a", "Fig 4b"),
    summary="Tickets of the digits 0–4 trained on 5–9: outputs that lost every weight answer 7 to everything.",
    claims=CLAIMS,
    stages=stages,
    execute=execute,
    cost={"quick": 60, "full": 1000},
    draw=draw,
    data=("mnist",),
)
