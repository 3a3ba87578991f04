"""light-switch/mnist: the transforms, their memory, and black digits alone and in two identical tasks (3.4)."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.light_switch.images.config import DOCUMENT
from rewire.experiments.light_switch.images.execute import execute
from rewire.experiments.light_switch.mnist.claims import CLAIMS
from rewire.experiments.light_switch.mnist.stages import stages
from rewire.experiments.recipe import Recipe
from rewire.runs import Records

if TYPE_CHECKING:
    from rewire.figures import Figure


def draw(records: Records, runs: Path) -> "list[Figure]":
    """The transforms, the accuracies, the learning curves where there are any, and the memory."""
    from rewire.experiments.light_switch.mnist.figures import figures

    return figures(records, runs)


RECIPE = Recipe(
    id="light-switch/mnist",
    document=DOCUMENT,
    figures=("3.4 transforms",),
    summary="Black digits: one channel or three, one task or two identical ones; what colouring lazily saves.",
    claims=CLAIMS,
    stages=stages,
    execute=execute,
    cost={"quick": 110, "full": 620},
    draw=draw,
    data=("mnist",),
)
