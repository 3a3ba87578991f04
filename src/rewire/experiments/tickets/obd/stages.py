"""The runs of tickets/obd: one trained network per seed, cut and retrained in several ways."""

from dataclasses import dataclass

from rewire.experiments.recipe import Stage
from rewire.experiments.tickets.shared.config import SearchConfig

LABEL = "784-300-100-10"
CUT, ONE_SHOT, ITERATED = "cut", "one-shot", "iterated"
MAGNITUDE, OBD, HUTCHINSON, PRINTED, RANDOM = "magnitude", "OBD", "OBD, Hutchinson", "OBD as printed", "random"
RIVALS = (OBD, MAGNITUDE)  # these are also retrained
SCOPES = ("global", "layer")


@dataclass(frozen=True)
class ObdConfig(SearchConfig):
    """A network trained for `epochs`, then pruned from its trained values; `keep` and `levels` are the iterated way's.

    Attributes:
        lefts: fractions of weights left by one cut, looked at without retraining.
        retrained: those of them that are retrained.
        retrain_epochs: after each cut, at the same learning rate.
        curvature_batches: batches of training images, each with one draw of signs, for every estimate of curvature.
    """

    lefts: tuple[float, ...] = (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05, 0.02)
    retrained: tuple[float, ...] = (0.3, 0.1, 0.03)
    retrain_epochs: int = 5
    curvature_batches: int = 900


FULL = ObdConfig(epochs=25, keep=0.56, levels=6)
QUICK = ObdConfig(
    epochs=2,
    train_images=20_000,
    keep=0.31,
    levels=3,
    lefts=(0.7, 0.5, 0.3, 0.1, 0.05),
    retrained=(0.1, 0.03),
    retrain_epochs=1,
    curvature_batches=200,
)


def stages(budget: str) -> tuple[Stage, ...]:
    """§3 only describes the method, so `full` is what decides. The iterated way ends where one-shot does, at 3 %."""
    return (Stage(LABEL, FULL if budget == "full" else QUICK, (0, 1, 2)),)
