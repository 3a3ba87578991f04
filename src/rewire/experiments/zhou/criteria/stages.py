"""The runs of zhou/criteria: a search per criterion, and one look at the plane of initial and final values."""

from dataclasses import dataclass, replace

from rewire.experiments.recipe import Stage
from rewire.experiments.zhou.shared.config import SEEDS, ZhouConfig, protocol

# The order of their table 1, the good ones first.
CRITERIA = (
    "large_final",
    "magnitude_increase",
    "movement",
    "large_init_large_final",
    "large_init",
    "random",
    "small_init_small_final",
    "small_init",
    "small_final",
)
GOOD, BAD = CRITERIA[:4], ("small_final", "small_init")
PLANE = "plane"


@dataclass(frozen=True)
class PlaneConfig(ZhouConfig):
    """One dense training, and what each criterion keeps of it in one shot.

    Attributes:
        left: the fraction kept of every layer.
        points: weights of each layer that are drawn, a random choice.
    """

    left: float = 0.3
    points: int = 1000


def stages(budget: str) -> tuple[Stage, ...]:
    """The plane first: it is the cheapest."""
    config = protocol(budget)
    searches = (Stage(name, replace(config, criterion=name), SEEDS[budget]) for name in CRITERIA)
    return (Stage(PLANE, PlaneConfig(**{**vars(config), "levels": 0}), (0,)), *searches)
