"""The runs of permute/period: LAPerm with each k, with k by mobility, and Adam alone."""

from dataclasses import replace

from rewire.experiments.permute.shared.config import BATCHES, TrainConfig
from rewire.experiments.recipe import Stage

AUTO, ADAM = "k auto", "Adam"
EPOCHS = 20
FULL = TrainConfig(
    model="mlp",
    init="kaiming normal",
    method="laperm",
    steps=EPOCHS * BATCHES["mnist"],
    drops=(0.5, 0.75),
    evaluate_every=BATCHES["mnist"],
)
QUICK = replace(FULL, steps=800, evaluate_every=100)
PERIODS = {"full": (5, 10, 20, 50, 100, 250, 1000), "quick": (5, 20, 100, 250)}


def label(k: int) -> str:
    return f"k = {k}"


def stages(budget: str) -> tuple[Stage, ...]:
    """The learning rate falls to a tenth at half and at three quarters of the steps. No such sweep is printed."""
    config, seeds = FULL if budget == "full" else QUICK, (0, 1, 2)
    return (
        *(Stage(label(k), replace(config, k=k), seeds) for k in PERIODS[budget]),
        Stage(AUTO, replace(config, k=0), seeds),
        Stage(ADAM, replace(config, method="adam"), seeds),
    )
