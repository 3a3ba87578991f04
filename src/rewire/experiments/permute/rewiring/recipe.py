"""permute/rewire: random zeros moved by LAPerm, then frozen and the rest trained."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.permute.rewiring.claims import CLAIMS
from rewire.experiments.permute.rewiring.stages import RewireConfig, stages
from rewire.experiments.permute.shared.config import DOCUMENT
from rewire.experiments.recipe import Context, Recipe
from rewire.runs import Records

if TYPE_CHECKING:
    from rewire.figures import Figure


def execute(config: RewireConfig, context: Context) -> None:
    """One training."""
    from rewire.experiments.permute.rewiring.runs import run

    run(config, context)


def draw(records: Records, runs: Path) -> "list[Figure]":
    """Accuracy by step; the first layer before, between and after."""
    from rewire.experiments.permute.rewiring.figures import figures

    return figures(records, runs)


RECIPE = Recipe(
    id="permute/rewire",
    document=DOCUMENT,
    figures=("Fig 13", "Fig 14", "Fig 15"),
    summary="784-500-300-10 with 90 % zeros on MNIST: connections moved before training, or not.",
    claims=CLAIMS,
    stages=stages,
    execute=execute,
    cost={"quick": 140, "full": 2500},
    draw=draw,
    data=("mnist",),
)
