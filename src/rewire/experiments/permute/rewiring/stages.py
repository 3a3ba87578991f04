"""The runs of permute/rewire: random zeros moved by LAPerm and then frozen, or frozen from the start."""

from dataclasses import dataclass, replace

from rewire.experiments.permute.shared.config import BATCHES, TrainConfig
from rewire.experiments.recipe import Stage

REWIRED, FIXED = "rewired", "fixed zeros"
WEIGHTS = "first-layer.safetensors"  # the file of a run's first layer at START, PERMUTED and END
START, PERMUTED, END = "start", "rewired", "end"
EPOCHS = 48
EPOCH = BATCHES["mnist"]
LATER = 25 / EPOCHS  # the part of training after which the paper compares


@dataclass(frozen=True)
class RewireConfig(TrainConfig):
    """The defaults are the paper's first experiment, 45,024 steps on MNIST.

    Attributes:
        density: of the weights that are not zero at first, at random places in each layer.
        permuted: the first steps, in which LAPerm moves values and zeros; then zeros stay, and Adam goes on with its
            state. 0: they stay from the start.
    """

    model: str = "mlp"
    init: str = "kaiming normal"
    method: str = "laperm"
    k: int = 30
    steps: int = EPOCHS * EPOCH
    drops: tuple[float, ...] = (28 / EPOCHS, 38 / EPOCHS)
    evaluate_every: int = EPOCH
    early: int = 2700
    early_every: int = 90
    density: float = 0.1
    permuted: int = 1500


FULL = RewireConfig()
QUICK = replace(FULL, steps=3600, evaluate_every=300, early_every=150)


def stages(budget: str) -> tuple[Stage, ...]:
    """`quick` has the same 1500 batches of LAPerm, then 2100 of Adam in place of 43,524."""
    config, seeds = (FULL, (0, 1, 2, 3, 4)) if budget == "full" else (QUICK, (0, 1, 2))
    return (
        Stage(REWIRED, config, seeds),
        Stage(FIXED, replace(config, method="adam", permuted=0), seeds),
    )
