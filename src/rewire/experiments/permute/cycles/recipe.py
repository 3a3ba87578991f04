"""permute/cycles: the graph that SGPerm searches (Fig 5) and what LAPerm moves between two syncs (Fig 6)."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.permute.cycles.claims import CLAIMS
from rewire.experiments.permute.cycles.stages import SubgraphConfig, SyncConfig, stages
from rewire.experiments.permute.shared.config import DOCUMENT
from rewire.experiments.recipe import Context, Recipe
from rewire.runs import Records

if TYPE_CHECKING:
    from rewire.figures import Figure


def execute(config: SubgraphConfig | SyncConfig, context: Context) -> None:
    """Train, and write the graphs or the permutations down."""
    from rewire.experiments.permute.cycles import subgraphs, syncs

    if isinstance(config, SubgraphConfig):
        subgraphs.run(config, context)
    else:
        syncs.run(config, context)


def draw(records: Records, runs: Path) -> "list[Figure]":
    """Figs 5 and 6."""
    from rewire.experiments.permute.cycles.figures import figures

    return figures(records)


RECIPE = Recipe(
    id="permute/cycles",
    document=DOCUMENT,
    figures=("Fig 5", "Fig 6"),
    summary="The graphs that SGPerm searches, every edge checked, and the cycles between two syncs of LAPerm.",
    claims=CLAIMS,
    stages=stages,
    execute=execute,
    cost={"quick": 14, "full": 60},
    draw=draw,
    data=("mnist", "cifar-10"),
)
