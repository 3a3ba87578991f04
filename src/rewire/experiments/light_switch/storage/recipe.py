"""light-switch/storage: what masks of 0 and 1 cost and save; gated against the best network on every experiment (4)."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.light_switch.images.config import DOCUMENT
from rewire.experiments.light_switch.storage.claims import CLAIM as ROUNDS
from rewire.experiments.light_switch.storage.gaps import CLAIM as KEEPS_UP
from rewire.experiments.light_switch.storage.gaps import READS
from rewire.experiments.light_switch.storage.stages import StorageConfig, stages
from rewire.experiments.recipe import Context, Recipe
from rewire.runs import Records

if TYPE_CHECKING:
    from rewire.figures import Figure


def execute(config: StorageConfig, context: Context) -> None:
    from rewire.experiments.light_switch.storage.runs import train_and_round

    train_and_round(config, context)


def draw(records: Records, runs: Path) -> "list[Figure]":
    """Accuracy before and after rounding, bytes per task, and how far gated is from the best on every experiment."""
    from rewire.experiments.light_switch.storage.figures import figures

    return figures(records)


RECIPE = Recipe(
    id="light-switch/storage",
    document=DOCUMENT,
    figures=(),
    summary="Masks rounded to one bit: accuracy lost, bytes saved; and gated against the best network everywhere.",
    claims=(KEEPS_UP, ROUNDS),
    stages=stages,
    execute=execute,
    cost={"quick": 35, "full": 200},
    draw=draw,
    reads=READS,
    data=("mnist",),
)
