"""The runs of permute/profiles: networks trained here, in place of the paper's downloads."""

from dataclasses import dataclass, replace

from rewire.experiments.permute.shared.config import TrainConfig
from rewire.experiments.recipe import Stage

DENSE, CONVOLUTIONS = "784-500-300-10", "convolutions 20, 50"


@dataclass(frozen=True)
class ProfilesConfig(TrainConfig):
    """A network trained by Adam and looked at before and after.

    model: "mlp" (784-500-300-10) or "caffe-lenet5": two convolutions and two linear layers.
    """

    model: str = "mlp"
    method: str = "adam"
    steps: int = 8000
    evaluate_every: int = 8000


def stages(budget: str) -> tuple[Stage, ...]:
    """VGG-16 and ResNet-50 are half a gigabyte of somebody's weights: both budgets substitute networks for them."""
    dense, conv = ProfilesConfig(), ProfilesConfig(model="caffe-lenet5", steps=2000)
    if budget == "quick":
        dense, conv = replace(dense, steps=500), replace(conv, steps=100, test_images=1000)
    return (Stage(DENSE, dense, (0, 1, 2)), Stage(CONVOLUTIONS, conv, (0, 1, 2)))
