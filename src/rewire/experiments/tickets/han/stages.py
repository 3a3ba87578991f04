"""The runs of tickets/han: a network trained, pruned twelve-fold in several rounds or at once, and retrained."""

from dataclasses import dataclass, replace

from rewire.experiments.recipe import Stage
from rewire.experiments.tickets.shared.config import SearchConfig

MLP, MLP_ONCE, LENET = "300-100", "300-100 at once", "LeNet-5"


@dataclass(frozen=True)
class HanConfig(SearchConfig):
    """A network trained for `epochs`, then pruned in `levels` rounds with retraining.

    Attributes:
        compression: parameters of the dense network per parameter left at the end, biases counted and kept.
        retrain_epochs: per round. retrain_lr: the fraction of `lr` then used.
    """

    criterion: str = "quality"
    scope: str = "global"
    compression: float = 12.0
    retrain_epochs: int = 10
    retrain_lr: float = 0.1


FULL = HanConfig(epochs=40, levels=5)
# Han's LeNet-5 is Caffe's; ten times the cost per step.
LENET_FULL = replace(FULL, model="caffe-lenet5", epochs=12, levels=3, retrain_epochs=4)
QUICK = HanConfig(epochs=2, train_images=30_000, levels=4, retrain_epochs=1)
SEEDS = (0, 1, 2)


def stages(budget: str) -> tuple[Stage, ...]:
    """At once has the epochs of all rounds for its one retraining. `quick` leaves LeNet-5 out."""
    rounds = FULL if budget == "full" else QUICK
    once = replace(rounds, levels=1, retrain_epochs=rounds.levels * rounds.retrain_epochs)
    fully_connected = (Stage(MLP, rounds, SEEDS), Stage(MLP_ONCE, once, SEEDS))
    return (*fully_connected, Stage(LENET, LENET_FULL, SEEDS)) if budget == "full" else fully_connected
