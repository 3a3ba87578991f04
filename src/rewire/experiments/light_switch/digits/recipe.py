"""light-switch/digits: the demo. Coloured digits as in 3.5, on scikit-learn's 8×8 digits, without a download."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.light_switch.digits.claims import CLAIMS
from rewire.experiments.light_switch.images.config import (
    DOCUMENT,
    FULL_SEEDS,
    QUICK_SEEDS,
    ImageConfig,
    TransformConfig,
    contenders,
    execute,
)
from rewire.experiments.recipe import Recipe, Stage
from rewire.runs import Records

if TYPE_CHECKING:
    from rewire.figures import Figure

TRANSFORMS = TransformConfig(dataset="digits", families=("primaries", "inverse"))


def stages(budget: str) -> tuple[Stage, ...]:
    """Three colours learnt by each kind of network; the gated ones also tell what their masks say."""
    steps, every, seeds = (500, 10, FULL_SEEDS) if budget == "full" else (250, 50, QUICK_SEEDS)
    plain = ImageConfig(dataset="digits", steps=steps, evaluate_at=tuple(range(every, steps + 1, every)))
    gated = replace(plain, wiring=True, rounding=True)
    return (
        Stage("transforms", TRANSFORMS, (0,)),
        *contenders("", gated, ("gated", "hard"), seeds),
        *contenders("", plain, ("shared", "separate"), seeds),
    )


def draw(records: Records, runs: Path) -> "list[Figure]":
    """The tasks, how fast each network learns them, what the masks say, and what a task takes to store."""
    from rewire.experiments.light_switch.digits.figures import figures

    return figures(records, runs)


RECIPE = Recipe(
    id="light-switch/digits",
    document=DOCUMENT,
    figures=(),
    summary="The demo: coloured 8×8 digits, learnt by one network with a switch per task; needs no download.",
    claims=CLAIMS,
    stages=stages,
    execute=execute,
    cost={"quick": 42, "full": 190},
    draw=draw,
)
