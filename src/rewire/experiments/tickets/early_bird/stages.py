"""The runs of tickets/early-bird: a small BatchNorm network by its channels, the fully connected one by its weights."""

from dataclasses import dataclass, replace

from rewire.experiments.recipe import Stage
from rewire.experiments.tickets.shared.config import SearchConfig

CONVNET, MLP = "convnet, channels", "MLP, weights"


@dataclass(frozen=True)
class EarlyBirdConfig(SearchConfig):
    """One dense training whose masks are looked at after every epoch; the defaults are You et al.'s, for the convnet.

    Attributes:
        model: "convnet" (three BatchNorm convolutions of 16, 32 and 64 channels, masks of channels by |γ|) or "mlp"
            (784-300-100-10, masks of weights by magnitude).
        epochs: of training in all; the learning rate falls to a tenth at 1/2 and at 3/4 of them.
        scaling: s, the strength of the L1 penalty on γ.
        keeps: fractions kept, a mask each. epsilon, queue: a mask is drawn when the newest of a queue is within
            epsilon of all the others.
    """

    model: str = "convnet"
    validation: int = 0
    train_images: int = 10_000
    epochs: int = 40
    batch_size: int = 64
    optimizer: str = "sgd"
    lr: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 1e-4
    scaling: float = 1e-4
    keeps: tuple[float, ...] = (0.7, 0.5, 0.3)
    epsilon: float = 0.1
    queue: int = 5


SEEDS = (0, 1, 2)
NETWORKS = {
    CONVNET: EarlyBirdConfig(),
    MLP: EarlyBirdConfig(
        model="mlp", optimizer="adam", lr=1.2e-3, momentum=0.0, weight_decay=0.0, scaling=0.0, batch_size=60
    ),
}
QUICK_IMAGES = 1024


def stages(budget: str) -> tuple[Stage, ...]:
    """`quick` makes epochs of fewer images."""
    smaller = {} if budget == "full" else {"train_images": QUICK_IMAGES}
    return tuple(Stage(label, replace(config, **smaller), SEEDS) for label, config in NETWORKS.items())
