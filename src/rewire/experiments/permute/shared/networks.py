"""The networks of Permute to Train, and their initial values θ0."""

from collections.abc import Callable

from torch import Tensor, nn

from rewire.errors import choice
from rewire.experiments.permute.shared.config import TrainConfig
from rewire.models import MLP, VGG7, ResNet20
from rewire.permutations.generator import Initial, initialise_
from rewire.training import derive

NETWORKS: dict[str, Callable[[Tensor, TrainConfig], nn.Module]] = {
    "logistic": lambda x, config: MLP(x[0].numel(), 10),
    "mlp": lambda x, config: MLP(x[0].numel(), 500, 300, 10),
    "resnet20": lambda x, config: ResNet20(x.shape[1], shortcut="keras"),
    "vgg7": lambda x, config: VGG7(x.shape[1], dropout=config.dropout),
}


def build(config: TrainConfig, x: Tensor, seed: int) -> nn.Module:
    """The config's network for a batch like `x` at θ0, which the seed and the scheme alone decide.

    Raises ValueError for an unknown model or scheme.
    """
    if config.model not in NETWORKS:
        raise choice("model", NETWORKS, config.model)
    model = NETWORKS[config.model](x, config)
    return initialise_(model, Initial(config.init, derive(seed, "theta0")), biases=True)
