"""tickets/early-bird: when masks by BatchNorm's factors, and by magnitude, stop changing."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.recipe import Context, Recipe
from rewire.experiments.tickets.early_bird.claims import CLAIMS
from rewire.experiments.tickets.early_bird.stages import EarlyBirdConfig, stages
from rewire.experiments.tickets.shared.config import DOCUMENT
from rewire.runs import Records

if TYPE_CHECKING:
    from rewire.figures import Figure


def execute(config: EarlyBirdConfig, context: Context) -> None:
    """One training, its masks compared."""
    from rewire.experiments.tickets.early_bird.runs import run

    run(config, context)


def draw(records: Records, runs: Path) -> "list[Figure]":
    """Mask distances by epoch and between all epochs, and the accuracy."""
    from rewire.experiments.tickets.early_bird.figures import figures

    return figures(records, runs)


RECIPE = Recipe(
    id="tickets/early-bird",
    document=DOCUMENT,
    figures=(),
    summary="When the masks that BatchNorm factors or magnitudes would choose stop changing: early in training.",
    claims=CLAIMS,
    stages=stages,
    execute=execute,
    cost={"quick": 52, "full": 320},
    draw=draw,
    data=("mnist",),
)
