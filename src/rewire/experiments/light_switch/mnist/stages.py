"""The runs of light-switch/mnist: black digits, and two measurements without training."""

from dataclasses import replace

from rewire.experiments.light_switch.images.config import (
    FULL_SEEDS,
    LATE,
    QUICK_SEEDS,
    ImageConfig,
    MemoryConfig,
    TransformConfig,
    contenders,
    full,
    quick,
)
from rewire.experiments.recipe import Stage

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
