"""light-switch/unseen: colours that no training saw, served by mixtures of the masks that other colours left (2.1)."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.light_switch.images.config import DOCUMENT
from rewire.experiments.light_switch.unseen.claims import CLAIMS
from rewire.experiments.light_switch.unseen.stages import UnseenConfig, stages
from rewire.experiments.recipe import Context, Recipe
from rewire.runs import Records

if TYPE_CHECKING:
    from rewire.figures import Figure


def execute(config: UnseenConfig, context: Context) -> None:
    from rewire.experiments.light_switch.unseen.runs import train_and_transfer

    train_and_transfer(config, context)


def draw(records: Records, runs: Path) -> "list[Figure]":
    """Accuracy on each unseen colour by each way to serve it, the weights of the mixtures, and the guessed tasks."""
    from rewire.experiments.light_switch.unseen.figures import figures

    return figures(records)


RECIPE = Recipe(
    id="light-switch/unseen",
    document=DOCUMENT,
    figures=(),
    summary="Unseen colours: mixtures of stored masks, learnt from a few labels or guessed from none.",
    claims=CLAIMS,
    stages=stages,
    execute=execute,
    cost={"quick": 40, "full": 200},
    draw=draw,
    data=("mnist",),
)
