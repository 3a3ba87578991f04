"""permute/puzzle: the four steps as a picture puzzle, and a network rewired (Figs 3 and 7)."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.permute.puzzle.claims import CLAIMS
from rewire.experiments.permute.puzzle.stages import PuzzleConfig, WiringConfig, stages
from rewire.experiments.permute.shared.config import DOCUMENT
from rewire.experiments.recipe import Context, Recipe
from rewire.runs import Records

if TYPE_CHECKING:
    from rewire.figures import Figure


def execute(config: PuzzleConfig | WiringConfig, context: Context) -> None:
    """Solve a puzzle, or rewire a network."""
    from rewire.experiments.permute.puzzle import solve, wiring

    if isinstance(config, PuzzleConfig):
        solve.run(config, context)
    else:
        wiring.run(config, context)


def draw(records: Records, runs: Path) -> "list[Figure]":
    """Figs 3 and 7."""
    from rewire.experiments.permute.puzzle.figures import figures

    return figures(records)


RECIPE = Recipe(
    id="permute/puzzle",
    document=DOCUMENT,
    figures=("Fig 3", "Fig 7"),
    summary="The four steps of SGPerm solve a picture puzzle; LAPerm moves a sparse network's wires.",
    claims=CLAIMS,
    stages=stages,
    execute=execute,
    cost={"quick": 6, "full": 6},
    draw=draw,
)
