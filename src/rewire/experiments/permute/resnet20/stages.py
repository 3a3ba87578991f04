"""The runs of permute/resnet20: LAPerm with the published k and with "auto", and Adam."""

from dataclasses import replace

from rewire.experiments.permute.shared.config import BATCHES, TrainConfig
from rewire.experiments.recipe import Stage

LAPERM, AUTO, ADAM = "LAPerm, k = 10", "LAPerm, k auto", "Adam"
EPOCH = BATCHES["cifar-10"]
PUBLISHED = TrainConfig(
    dataset="cifar-10",
    model="resnet20",
    init="kaiming normal",
    method="laperm",
    steps=200 * EPOCH,
    drops=(0.4, 0.6, 0.8, 0.9),
    weight_decay=1e-4,
    z_score=True,
    turn=15.0,
    shift=0.1,
    evaluate_every=EPOCH,
    statistics=2048,
)
SCALED = replace(
    PUBLISHED, steps=200, train_images=10_000, test_images=1000, evaluate_every=20, statistics=512, precision="bf16"
)


def stages(budget: str) -> tuple[Stage, ...]:
    """`full` is the published protocol, which wants a GPU; `quick` its learning rates at equal parts of 200 steps.

    The strength of the L2 penalty is not printed.
    """
    config = PUBLISHED if budget == "full" else SCALED
    return (
        Stage(LAPERM, config, (0,)),
        Stage(AUTO, replace(config, k=0), (0,)),
        Stage(ADAM, replace(config, method="adam"), (0,)),
    )
