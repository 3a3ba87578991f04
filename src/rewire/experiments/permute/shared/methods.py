"""The three ways to train: values moved by SGPerm, moved back to their ranks after Adam by LAPerm, changed by Adam."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import nn
from torch.optim import Optimizer

from rewire.errors import choice
from rewire.experiments.permute.shared.config import TrainConfig
from rewire.optim import LAPerm, SGPerm
from rewire.permutations.rows import weight_slots
from rewire.training import derive

METHODS = ("sgperm", "laperm", "adam")


def start(config: TrainConfig, model: nn.Module, seed: int) -> tuple[Optimizer, LAPerm | None]:
    """The optimizer that steps, and the LAPerm attached to it, if any.

    SGPerm moves weights; biases, which start at 0, stay there. LAPerm leaves biases and BatchNorm to Adam.
    """
    if config.method not in METHODS:
        raise choice("method", METHODS, config.method)
    if config.method == "sgperm":
        return sgperm(config, model, seed), None
    adam = torch.optim.Adam(model.parameters(), lr=config.lr, weight_decay=config.weight_decay, fused=True)
    if config.method == "adam":
        return adam, None
    return adam, LAPerm(adam, k=config.k or "auto", params=model)


def sgperm(config: TrainConfig, model: nn.Module, seed: int) -> SGPerm:
    """SGPerm on the model's weights, by the config's schedule."""
    return SGPerm(
        weight_slots(model).values(),
        aggressiveness=config.aggressiveness,
        aggressiveness_min=config.aggressiveness_min,
        aggressiveness_decay=config.aggressiveness_decay,
        partition=config.partition,
        partition_max=config.partition_max,
        partition_growth=config.partition_growth,
        momentum=config.momentum,
        match=config.match,
        seed=derive(seed, "sgperm"),
    )


@contextmanager
def synced(laperm: LAPerm | None, model: nn.Module) -> Iterator[None]:
    """Within, the weights are a permutation of θ0 where they ought to be one; then weights and buffers as before."""
    with ExitStack() as stack:
        for buffer in model.buffers():
            stack.callback(buffer.copy_, buffer.clone())
        if laperm is not None:
            stack.enter_context(laperm.synced())
        yield
