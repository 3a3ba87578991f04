"""One training of Permute to Train as one dataclass. This file is data and loads no torch."""

from dataclasses import dataclass

DOCUMENT = "Permute to Train, Qiu & Suda 2022"
BATCHES = {"mnist": 938, "fashion-mnist": 938, "cifar-10": 782}  # of 64 images in an epoch


@dataclass(frozen=True)
class TrainConfig:
    """Train from θ0 by moving values or by Adam; the defaults are the paper's Fig 8 with SGPerm.

    Attributes:
        model: "logistic" (784-10), "mlp" (784-500-300-10), "resnet20" (the Keras example's, 273,066 parameters) or
            "vgg7" (307,498 and BatchNorm's).
        init: the scheme by which the owned generator draws θ0; biases start at 0. Of one seed and one model it is
            the same for every dataset and method.
        method: "sgperm" moves weights by itself; "laperm" attaches to Adam; "adam" is Adam alone.
        train_images, test_images: how many of them; 0 for all. What the paper calls validation is the test set.
        z_score: pixels minus the training images' mean by their standard deviation, per channel; else in [0, 1].
        turn, shift: augmentation: degrees to either side, and the part of the image's width, uniform for each image.
        drops: the parts of all steps after which the learning rate falls to a tenth.
        dropout: after each block of vgg7.
        evaluate_every: steps between looks at the test set. early, early_every: the same up to the step `early`.
        statistics: training images by which BatchNorm's statistics are renewed at a look after a sync; 0 leaves them.
        match, aggressiveness, …, momentum: SGPerm's.
        k: LAPerm's steps between syncs; 0 is "auto".
    """

    dataset: str = "mnist"
    model: str = "logistic"
    init: str = "kaiming uniform"
    method: str = "sgperm"
    steps: int = 800
    batch_size: int = 64
    train_images: int = 0
    test_images: int = 0
    z_score: bool = False
    turn: float = 0.0
    shift: float = 0.0
    lr: float = 1e-3
    drops: tuple[float, ...] = ()
    weight_decay: float = 0.0
    dropout: tuple[float, ...] = (0.0, 0.0, 0.0)
    evaluate_every: int = 25
    early: int = 0
    early_every: int = 5
    statistics: int = 0
    precision: str = "fp32"
    match: str = "dfs"
    aggressiveness: float = 0.15
    aggressiveness_min: float = 0.005
    aggressiveness_decay: float = 0.99
    partition: float = 0.05
    partition_max: float = 0.1
    partition_growth: float = 1 / 0.995
    momentum: float = 0.9
    k: int = 10


def milestones(config: TrainConfig) -> list[int]:
    """The steps after which the learning rate falls.

    >>> milestones(TrainConfig(steps=200, drops=(0.4, 0.6)))
    [80, 120]
    """
    return [round(part * config.steps) for part in config.drops]


def looks(config: TrainConfig) -> set[int]:
    """The steps after which the network is looked at; the first and the last always are.

    >>> sorted(looks(TrainConfig(steps=60, evaluate_every=25, early=10)))
    [0, 5, 10, 25, 50, 60]
    """
    early = range(0, config.early + 1, config.early_every)
    return {*early, *range(0, config.steps + 1, config.evaluate_every), config.steps}
