"""permute/complexity: cycles counted, graphs measured, steps timed, norms watched (§2.1, §2.4, §3.2, §4.1)."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.permute.complexity.claims import CLAIMS
from rewire.experiments.permute.complexity.stages import COUNTS, EDGES, NORMS, TIMES, ComplexityConfig, stages
from rewire.experiments.permute.shared.config import DOCUMENT
from rewire.experiments.recipe import Context, Recipe
from rewire.runs import Records

if TYPE_CHECKING:
    from rewire.figures import Figure


def execute(config: ComplexityConfig, context: Context) -> None:
    """Measure what the config says. Raises ValueError for anything else."""
    from rewire.errors import choice
    from rewire.experiments.permute.complexity import runs

    measures = {COUNTS: runs.count, EDGES: runs.edges, TIMES: runs.times, NORMS: runs.norms}
    if config.measure not in measures:
        raise choice("measure", measures, config.measure)
    for row in measures[config.measure](config, context):
        context.sink.write(row)


def draw(records: Records, runs: Path) -> "list[Figure]":
    """How counts, graphs and times grow."""
    from rewire.experiments.permute.complexity.figures import figures

    return figures(records)


RECIPE = Recipe(
    id="permute/complexity",
    document=DOCUMENT,
    figures=(),
    summary="Cycles counted, edges of SGPerm's graphs, times of a step and a sync, and norms that stay.",
    claims=CLAIMS,
    stages=stages,
    execute=execute,
    cost={"quick": 12, "full": 120},
    draw=draw,
)
