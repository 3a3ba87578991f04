"""permute/profiles: the sorted weight vectors of trained layers (§1, Figs 1–2), on networks trained here."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.permute.profiles.claims import CLAIMS
from rewire.experiments.permute.profiles.stages import ProfilesConfig, stages
from rewire.experiments.permute.shared.config import DOCUMENT
from rewire.experiments.recipe import Context, Recipe
from rewire.runs import Records

if TYPE_CHECKING:
    from rewire.figures import Figure


def execute(config: ProfilesConfig, context: Context) -> None:
    """Train, and look at the profiles before and after."""
    from rewire.experiments.permute.profiles.runs import run

    run(config, context)


def draw(records: Records, runs: Path) -> "list[Figure]":
    """Figs 1 and 2."""
    from rewire.experiments.permute.profiles.figures import figures

    return figures(records)


RECIPE = Recipe(
    id="permute/profiles",
    document=DOCUMENT,
    figures=("Fig 1", "Fig 2"),
    summary="Weight vectors of a trained layer, sorted: nearly one profile; on networks trained here, or on yours.",
    claims=CLAIMS,
    stages=stages,
    execute=execute,
    cost={"quick": 25, "full": 240},
    draw=draw,
    data=("mnist",),
)
