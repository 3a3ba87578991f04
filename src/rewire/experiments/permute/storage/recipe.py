"""permute/storage: a trained network as a seed and ranks (§6)."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.permute.shared.config import DOCUMENT
from rewire.experiments.permute.storage.claims import CLAIMS
from rewire.experiments.permute.storage.stages import StorageConfig, stages
from rewire.experiments.recipe import Context, Recipe
from rewire.runs import Records

if TYPE_CHECKING:
    from rewire.figures import Figure


def execute(config: StorageConfig, context: Context) -> None:
    """Train, save, load, compare."""
    from rewire.experiments.permute.storage.runs import run

    run(config, context)


def draw(records: Records, runs: Path) -> "list[Figure]":
    """Bytes of every method."""
    from rewire.experiments.permute.storage.figures import figures

    return figures(records)


RECIPE = Recipe(
    id="permute/storage",
    document=DOCUMENT,
    figures=(),
    summary="Networks trained by LAPerm and SGPerm, stored as a seed and permutations, bit for bit.",
    claims=CLAIMS,
    stages=stages,
    execute=execute,
    cost={"quick": 26, "full": 160},
    draw=draw,
    data=("mnist",),
)
