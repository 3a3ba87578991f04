"""The runs of light-switch/digits: three colours by four kinds of network."""

from dataclasses import replace

from rewire.experiments.light_switch.images.config import (
    FULL_SEEDS,
    QUICK_SEEDS,
    ImageConfig,
    TransformConfig,
    contenders,
)
from rewire.experiments.recipe import Stage

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
