"""permute/partition: a weight vector cut at random into parts (§2.3, Fig 4)."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.permute.partition.claims import CLAIMS
from rewire.experiments.permute.partition.stages import PartitionConfig, stages
from rewire.experiments.permute.shared.config import DOCUMENT
from rewire.experiments.recipe import Context, Recipe
from rewire.runs import Records

if TYPE_CHECKING:
    from rewire.figures import Figure


def execute(config: PartitionConfig, context: Context) -> None:
    """Cut one vector."""
    from rewire.experiments.permute.partition.runs import run

    run(config, context)


def draw(records: Records, runs: Path) -> "list[Figure]":
    """Fig 4."""
    from rewire.experiments.permute.partition.figures import figures

    return figures(records)


RECIPE = Recipe(
    id="permute/partition",
    document=DOCUMENT,
    figures=("Fig 4",),
    summary="A weight vector cut at random into parts: the gaps between neighbouring values grow by 1/λ.",
    claims=CLAIMS,
    stages=stages,
    execute=execute,
    cost={"quick": 1, "full": 1},
    draw=draw,
)
