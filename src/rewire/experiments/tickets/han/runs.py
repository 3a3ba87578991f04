"""What a run of tickets/han does: train, cut what lies within q standard deviations, retrain, cut again.

Han et al. 2015, §3.1: a layer's threshold is a quality times the standard deviation of its weights. One quality for
all layers ranks the weights of all layers by |w| / σ, so a global selection by that score is a cut at one quality,
and reaches a wanted compression to the weight.
"""

from dataclasses import replace

from torch import nn

from rewire.experiments.recipe import Context
from rewire.experiments.tickets.han.stages import HanConfig
from rewire.experiments.tickets.shared.data import load
from rewire.experiments.tickets.shared.runs import layer_records, level_record
from rewire.experiments.tickets.shared.trained import dense, pruned
from rewire.masks import Mask, score
from rewire.tickets import prunable


def run(config: HanConfig, context: Context) -> None:
    """Train, prune and retrain; then write every level down."""
    data = load(config, context.seed, context.data, context.device)
    model = dense(config, context, data)
    size = sum(parameter.numel() for parameter in model.parameters())
    weights = sum(parameter.numel() for parameter in prunable(model).values())
    found = pruned(
        model, retraining(config), context, data, "pruned",
        levels=config.levels, keep=keep(config, size, weights), criterion=config.criterion, scope=config.scope,
    )  # fmt: skip
    for level in found.levels:
        left = size - weights + level.mask.kept
        context.sink.write(level_record(level) | {"parameters": left, "compression": size / left})
        for row in layer_records(level):
            context.sink.write(row)
    if found.stopped:
        context.sink.write({"stopped": found.stopped})
    else:
        context.sink.write({"quality": quality(model, found.levels[1].mask)})


def retraining(config: HanConfig) -> HanConfig:
    return replace(config, epochs=config.retrain_epochs, lr=config.retrain_lr * config.lr)


def quality(model: nn.Module, mask: Mask) -> float:
    """The least |w| / σ, over all layers, that a first cut of the trained model left."""
    scores = score("quality", {"final": prunable(model)})
    return min(scores[name][mask[name]].min().item() for name in mask)


def keep(config: HanConfig, size: int, weights: int) -> float:
    """The fraction of weights that each level keeps, so that the last one's parameters are 1/compression of `size`.

    Raises ValueError where the parameters that are never pruned are too many for it.
    """
    left = (size / config.compression - (size - weights)) / weights
    if not 0 < left <= 1:
        raise ValueError(f"compression must leave weights beside {size - weights} biases; got {config.compression}")
    return left ** (1 / config.levels)
