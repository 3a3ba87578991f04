"""light-switch/digits: the demo. Coloured digits as in 3.5, on scikit-learn's 8×8 digits, without a download."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.light_switch.digits.claims import CLAIMS
from rewire.experiments.light_switch.digits.stages import stages
from rewire.experiments.light_switch.images.config import DOCUMENT
from rewire.experiments.light_switch.images.execute import execute
from rewire.experiments.recipe import Recipe
from rewire.runs import Records

if TYPE_CHECKING:
    from rewire.figures import Figure


def draw(records: Records, runs: Path) -> "list[Figure]":
    """The tasks, how fast each network learns them, what the masks say, and what a task takes to store."""
    from rewire.experiments.light_switch.digits.figures import figures

    return figures(records, runs)


RECIPE = Recipe(
    id="light-switch/digits",
    document=DOCUMENT,
    figures=(),
    summary="The demo: coloured 8×8 digits, learnt by one network with a switch per task; needs no download.",
    claims=CLAIMS,
    stages=stages,
    execute=execute,
    cost={"quick": 42, "full": 190},
    draw=draw,
)
