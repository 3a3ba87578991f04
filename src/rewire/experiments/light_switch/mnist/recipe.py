"""light-switch/mnist: the transforms, their memory, and black digits alone and in two identical tasks (3.4)."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.light_switch.images.config import (
    DOCUMENT,
    FULL_SEEDS,
    LATE,
    QUICK_SEEDS,
    ImageConfig,
    MemoryConfig,
    TransformConfig,
    contenders,
    execute,
    full,
    quick,
)
from rewire.experiments.light_switch.mnist.claims import CLAIMS
from rewire.experiments.recipe import Recipe, Stage
from rewire.runs import Records

if TYPE_CHECKING:
    from rewire.figures import Figure

TRANSFORMS = TransformConfig(families=("black", "primaries", "white", "inverse"))
BLACK = ImageConfig(family="black", evaluate_at=(LATE,))


def stages(budget: str) -> tuple[Stage, ...]:
    """One black task by each network, two identical ones by the gated, and the two measurements without training."""
    protocol, seeds = (full, FULL_SEEDS) if budget == "full" else (quick, QUICK_SEEDS)
    black = protocol(BLACK)
    gates = ("gated", "hard") if budget == "full" else ("gated",)
    return (
        Stage("transforms", TRANSFORMS, (0,)),
        Stage("memory eager", MemoryConfig("eager", batch=60_000 if budget == "full" else 6000), (0,), exclusive=True),
        Stage("memory lazy", MemoryConfig("lazy"), (0,), exclusive=True),
        *contenders("black 1-channel", replace(black, family="black 1-channel"), (*gates, "plain"), seeds),
        *contenders("black", black, ("gated", "hard", "plain"), seeds),
        *contenders("two black", replace(black, family="two black"), gates, seeds),
    )


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
)
