"""The runs of permute/puzzle: puzzles to solve, and a network of nine units to rewire."""

from dataclasses import dataclass

from rewire.experiments.recipe import Stage

TILES, DIGIT, TIMID, NETWORK = "16 tiles", "64 pixels", "16 tiles, α = .1", "4-6-3"


@dataclass(frozen=True)
class PuzzleConfig:
    """A picture in pieces; SGPerm moves them by the gradient of the squared distance to the picture.

    Attributes:
        picture: "tiles" is 4 × 4 from dark to light, "digit" an 8 × 8 digit of scikit-learn's.
        aggressiveness: 1 lets a piece go any distance. updates: at most so many.
    """

    picture: str
    aggressiveness: float = 0.3
    updates: int = 200


@dataclass(frozen=True)
class WiringConfig:
    """The network 4-6-3 on iris: random zeros, LAPerm on Adam for `moving` steps, then Adam on the wiring it left."""

    density: float = 0.5
    k: int = 25
    lr: float = 0.05
    moving: int = 300
    training: int = 300


def stages(budget: str) -> tuple[Stage, ...]:
    """The same at both budgets."""
    seeds = tuple(range(10))
    return (
        Stage(TILES, PuzzleConfig("tiles"), seeds),
        Stage(DIGIT, PuzzleConfig("digit", aggressiveness=0.5), seeds),
        Stage(TIMID, PuzzleConfig("tiles", aggressiveness=0.1), seeds),
        Stage(NETWORK, WiringConfig(), (0, 1, 2, 3, 4)),
    )
