"""The runs of permute/vgg7: LAPerm with the published k and with "auto", and Adam regularised."""

from dataclasses import replace

from rewire.experiments.permute.shared.config import BATCHES, TrainConfig
from rewire.experiments.recipe import Stage

LAPERM, AUTO, ADAM = "LAPerm, k = 10", "LAPerm, k auto", "Adam, regularised"
REGULARISED = "LAPerm, k = 10, regularised"
EPOCH = BATCHES["cifar-10"]
PUBLISHED = TrainConfig(
    dataset="cifar-10",
    model="vgg7",
    init="kaiming normal",
    method="laperm",
    steps=1000 * EPOCH,
    drops=(0.5, 0.7),
    z_score=True,
    turn=15.0,
    shift=0.1,
    evaluate_every=5 * EPOCH,
    statistics=2048,
)
SCALED = replace(
    PUBLISHED, steps=200, train_images=10_000, test_images=1000, evaluate_every=20, statistics=512, precision="bf16"
)


def regularised(config: TrainConfig) -> TrainConfig:
    """With the weight decay and the dropout that the paper gives Adam."""
    return replace(config, weight_decay=1e-4, dropout=(0.2, 0.3, 0.4))


def stages(budget: str) -> tuple[Stage, ...]:
    """`full` is the published protocol, which wants a GPU; `quick` its learning rates at equal parts of 200 steps.

    The paper's words leave open whether LAPerm has Adam's regularisation too: `full` trains it without and with.
    """
    config = PUBLISHED if budget == "full" else SCALED
    both = (Stage(REGULARISED, regularised(config), (0,)),) if budget == "full" else ()
    return (
        Stage(LAPERM, config, (0,)),
        Stage(AUTO, replace(config, k=0), (0,)),
        Stage(ADAM, replace(regularised(config), method="adam"), (0,)),
        *both,
    )
