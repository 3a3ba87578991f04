"""light-switch/colours: the same digits on coloured, white and inverted backgrounds as tasks (3.5)."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.light_switch.colours.claims import CLAIMS
from rewire.experiments.light_switch.colours.stages import stages
from rewire.experiments.light_switch.images.config import DOCUMENT
from rewire.experiments.light_switch.images.execute import execute
from rewire.experiments.recipe import Recipe
from rewire.runs import Records

if TYPE_CHECKING:
    from rewire.figures import Figure


def draw(records: Records, runs: Path) -> "list[Figure]":
    """The accuracies beside the paper's, learning curves where there are any, and what the masks say."""
    from rewire.experiments.light_switch.colours.figures import figures

    return figures(records, runs)


RECIPE = Recipe(
    id="light-switch/colours",
    document=DOCUMENT,
    figures=("3.5 table",),
    summary="Coloured, white and inverted digits as tasks: gated, hard, shared and separate networks.",
    claims=CLAIMS,
    stages=stages,
    execute=execute,
    cost={"quick": 195, "full": 1300},
    draw=draw,
    data=("mnist",),
)
