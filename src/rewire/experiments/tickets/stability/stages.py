"""The runs of tickets/stability: one search per rewinding step, with its ticket trained again in another order."""

from dataclasses import dataclass, replace

from rewire.experiments.recipe import Stage
from rewire.experiments.tickets.shared.config import SearchConfig


@dataclass(frozen=True)
class StabilityConfig(SearchConfig):
    """A search down to 10.7 % of the weights (0.8¹⁰), then the same from a random mask of equal layer densities.

    Attributes:
        rewind: the step k whose values all subnetworks start from; the orders of the data differ from there on.
        points: on the line between the two networks that the two orders end in.
        path_every: the error on that line is measured on every so many of the test images.
    """

    validation: int = 0
    weight_decay: float = 0.0
    keep: float = 0.8
    levels: int = 10
    points: int = 30
    path_every: int = 1


SEEDS = (0, 1, 2)
REWINDS = {"quick": (0, 50, 150), "full": (0, 100, 500, 2000)}
CONFIGS = {
    "quick": StabilityConfig(train_images=18_000, epochs=1, keep=0.475, levels=3, path_every=10),
    "full": StabilityConfig(epochs=4, path_every=5),
}


def stages(budget: str) -> tuple[Stage, ...]:
    """`quick` prunes in three levels to the same density, and trains each for 300 steps."""
    return tuple(Stage(f"rewind {k}", replace(CONFIGS[budget], rewind=k), SEEDS) for k in REWINDS[budget])
