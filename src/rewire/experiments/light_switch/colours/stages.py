"""The runs of light-switch/colours: every family of tasks by every network."""

from dataclasses import replace

from rewire.experiments.light_switch.images.config import (
    EARLY,
    FULL_SEEDS,
    LATE,
    QUICK_SEEDS,
    ImageConfig,
    TransformConfig,
    contenders,
    full,
    quick,
)
from rewire.experiments.recipe import Stage

TRANSFORMS = TransformConfig(families=("primaries", "black+red", "white", "inverse"))
PRIMARIES = ImageConfig(family="primaries", evaluate_at=(LATE,), watch=("red",), wiring=True)
BLACK = ImageConfig(family="black", evaluate_at=(LATE,))
BLACK_RED = ImageConfig(family="black+red", evaluate_at=(LATE,))
WHITE = ImageConfig(family="white", evaluate_at=(EARLY,), watch=("maroon", "white"))
INVERSE = ImageConfig(family="inverse", evaluate_at=(EARLY, LATE))

# The authors' code zeroes gradients, as torch 1.6 did, and trains all of `separate` at the tasks' speed.
AS_COMMITTED = ("gated zero gradients", "separate 3T zero gradients")
VARIANTS = ("gated 4T", "separate 3T", "separate 4T")
EVERYONE = ("gated", "hard", "shared", "separate")


def stages(budget: str) -> tuple[Stage, ...]:
    """Every family by every network; quick leaves out those that no claim needs."""
    return _full() if budget == "full" else _quick()


def _quick() -> tuple[Stage, ...]:
    early = replace(INVERSE, evaluate_at=(EARLY,))
    return (
        Stage("transforms", TRANSFORMS, (0,)),
        *_primaries(quick(PRIMARIES), QUICK_SEEDS),
        *contenders("black", quick(BLACK), ("gated",), QUICK_SEEDS),
        *contenders("black+red", quick(BLACK_RED), ("gated",), QUICK_SEEDS),
        *contenders("white", quick(WHITE), ("gated", "hard", "shared"), QUICK_SEEDS),
        *contenders("inverse", quick(INVERSE), ("gated",), QUICK_SEEDS),
        *contenders("inverse", quick(early), ("shared",), QUICK_SEEDS),
    )


def _full() -> tuple[Stage, ...]:
    variant = replace(full(PRIMARIES), wiring=False, curve_every=0)  # only their last accuracy is of interest
    return (
        Stage("transforms", TRANSFORMS, (0,)),
        *_primaries(full(PRIMARIES), FULL_SEEDS),
        *contenders("primaries", variant, VARIANTS, FULL_SEEDS[:5]),
        *contenders("black", replace(full(BLACK), curve_every=0), ("gated",), FULL_SEEDS),
        *contenders("black+red", full(BLACK_RED), EVERYONE, FULL_SEEDS[:5]),
        *contenders("white", full(WHITE), EVERYONE, FULL_SEEDS[:5]),
        *contenders("inverse", full(INVERSE), EVERYONE, FULL_SEEDS[:5]),
    )


def _primaries(config: ImageConfig, seeds: tuple[int, ...]) -> list[Stage]:
    plain = replace(config, wiring=False)  # a network without gates has no wiring to keep
    return [
        *contenders("primaries", config, ("gated", "hard"), seeds),
        *contenders("primaries", plain, ("shared", "separate", *AS_COMMITTED), seeds),
    ]
