"""The runs of tickets/filters: LeNet-5 trained, pruned, shrunk and retrained; and what three networks cost."""

from dataclasses import dataclass

from rewire.experiments.recipe import Stage
from rewire.experiments.tickets.shared.config import SearchConfig

TRAINED, COSTS = "LeNet-5", "costs"
PUBLISHED = "VGG-16-pruned-A"
NETWORKS = ("LeNet-5", "VGG-7", "ResNet-20", "ResNet-20, added layers too")


@dataclass(frozen=True)
class FilterConfig(SearchConfig):
    """Train LeNet-5, keep the filters of largest L1 norm, shrink, retrain; and train the small network from nothing.

    Attributes:
        keeps: the fractions of each convolution's filters that are kept, each from the same trained network.
        retrain_epochs: after shrinking, at the learning rate that training ended with (Li et al. 2017, §4); the dense
            network is trained on for as many, for comparison.
        scratch: whether the same small networks are also trained from new values, for all epochs together.
    """

    model: str = "lenet5"
    init: str = "kaiming uniform"
    biases: str = "uniform"
    epochs: int = 15
    weight_decay: float = 0.0
    validation: int = 0
    keeps: tuple[float, ...] = (0.75, 0.5, 0.35, 0.25)
    retrain_epochs: int = 5
    scratch: bool = True


@dataclass(frozen=True)
class CostConfig:
    """Masked against shrunk outputs, parameters, multiply-adds and seconds of untrained networks; no data.

    Attributes:
        draws: of random filters per network and fraction kept. batch: images per forward pass.
        repeats: timed forward passes; their median counts.
    """

    networks: tuple[str, ...] = NETWORKS
    keeps: tuple[float, ...] = (0.75, 0.5, 0.25)
    draws: int = 3
    batch: int = 20
    repeats: int = 30


QUICK = FilterConfig(epochs=2, retrain_epochs=1, train_images=15_000, keeps=(0.75, 0.5, 0.25), scratch=False)


def stages(budget: str) -> tuple[Stage, ...]:
    """Three seeds of either; timings alone on the machine."""
    full = budget == "full"
    return (
        Stage(TRAINED, FilterConfig() if full else QUICK, (0, 1, 2)),
        Stage(
            COSTS,
            CostConfig(repeats=100) if full else CostConfig(draws=1, batch=10, repeats=10),
            (0, 1, 2),
            exclusive=True,
        ),
    )
