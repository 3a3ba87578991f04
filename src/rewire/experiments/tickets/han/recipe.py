"""tickets/han: prune what lies within q standard deviations of its layer, retrain at lr/10 (§3; Han et al. 2015)."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.recipe import Context, Recipe
from rewire.experiments.tickets.han.claims import CLAIMS
from rewire.experiments.tickets.han.stages import HanConfig, stages
from rewire.experiments.tickets.shared.config import DOCUMENT
from rewire.runs import Records

if TYPE_CHECKING:
    from rewire.figures import Figure


def execute(config: HanConfig, context: Context) -> None:
    """One network, pruned round by round."""
    from rewire.experiments.tickets.han.runs import run

    run(config, context)


def draw(records: Records, runs: Path) -> "list[Figure]":
    """Error against the % left, as cut and retrained; densities per layer."""
    from rewire.experiments.tickets.han.figures import figures

    return figures(records, runs)


RECIPE = Recipe(
    id="tickets/han",
    document=DOCUMENT,
    figures=("§3",),
    summary="A threshold of q standard deviations per layer and retraining at lr/10: 12 times fewer parameters.",
    claims=CLAIMS,
    stages=stages,
    execute=execute,
    cost={"quick": 50, "full": 2400},
    draw=draw,
    data=("mnist",),
)
