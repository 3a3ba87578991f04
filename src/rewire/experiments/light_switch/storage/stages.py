"""The runs of light-switch/storage: both gates, rounded to masks of one bit."""

from dataclasses import dataclass, replace

from rewire.experiments.light_switch.images.config import LATE, QUICK_SEEDS
from rewire.experiments.recipe import Stage


@dataclass(frozen=True)
class StorageConfig:
    """One network trained on a family as in light-switch/colours, then rounded, then trained on with its rounded masks.

    Attributes:
        model: "gated" or "hard".
        hard_mean: initial scores of the Hard switch; from 1, few would cross zero in so few steps.
        penalty, weight: "none", "absolute" (eq. 4) or "gaussian" (eq. 5) on the scores, times a weight.
        after: steps trained on with masks of 0 and 1: the step switch's gradient goes on moving values and scores.
        images: test images per task, evenly spread; 0 for all.
    """

    dataset: str = "mnist"
    family: str = "primaries"
    model: str = "gated"
    speed: str = "3T"
    hard_mean: float = 0.1
    lr: float = 1e-3
    batch_size: int = 32
    steps: int = LATE
    penalty: str = "none"
    weight: float = 0.0
    after: int = 200
    images: int = 2000


def stages(budget: str) -> tuple[Stage, ...]:
    """Both gates; in `full` also gated for longer, and with scores that eq. 4 drives apart at ten times the rate."""
    config = StorageConfig() if budget == "full" else StorageConfig(steps=250, after=150, images=500)
    variants = {"gated": config, "hard": replace(config, model="hard")}
    if budget == "full":
        variants["gated, 4 × longer"] = replace(config, steps=4 * LATE)
        variants["gated, eq. 4"] = replace(config, penalty="absolute", weight=1e-3, speed="30T")
    return tuple(Stage(label, variant, QUICK_SEEDS) for label, variant in variants.items())
