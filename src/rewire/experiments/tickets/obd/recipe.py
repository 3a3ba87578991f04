"""tickets/obd: optimal brain damage's six steps, against pruning by magnitude, once and over and over (§3)."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.recipe import Context, Recipe
from rewire.experiments.tickets.obd.claims import CLAIMS
from rewire.experiments.tickets.obd.stages import ObdConfig, stages
from rewire.experiments.tickets.shared.config import DOCUMENT
from rewire.runs import Records

if TYPE_CHECKING:
    from rewire.figures import Figure


def execute(config: ObdConfig, context: Context) -> None:
    """One network, and everything that is cut from it."""
    from rewire.experiments.tickets.obd.runs import run

    run(config, context)


def draw(records: Records, runs: Path) -> "list[Figure]":
    """Accuracy and loss after cutting and after retraining; the loss that saliencies predict."""
    from rewire.experiments.tickets.obd.figures import figures

    return figures(records, runs)


RECIPE = Recipe(
    id="tickets/obd",
    document=DOCUMENT,
    figures=("§3",),
    summary="Optimal brain damage's six steps against magnitude, one-shot and iterated; its saliency as printed.",
    claims=CLAIMS,
    stages=stages,
    execute=execute,
    cost={"quick": 55, "full": 900},
    draw=draw,
    data=("mnist",),
)
