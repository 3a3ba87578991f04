"""Prune a trained network and train on from its values, as optimal brain damage and Han et al. do.

That is `find` begun where the dense training ended: its level 0 is the trained network, which is not trained again.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from rewire.experiments.recipe import Context
from rewire.experiments.tickets.shared.config import SearchConfig
from rewire.experiments.tickets.shared.data import Data
from rewire.experiments.tickets.shared.networks import build
from rewire.experiments.tickets.shared.trainer import Report, trainer
from rewire.tickets import Found, Phase, find
from rewire.training import Streams, evaluate
from rewire.training.checkpoint import FILE


def dense(config: SearchConfig, context: Context, data: Data) -> nn.Module:
    """The config's network after its dense training; one that was killed goes on, a finished one is read."""
    model = build(config, data.task.test[:1][0], Streams(context.seed)).to(context.device)
    directory = context.directory / "dense"
    train = trainer(replace(config, levels=0), data, context.seed, context.progress, context.checkpoint_every)
    find(model, train, levels=0, directory=directory)
    _clear(directory)
    return model


def pruned(
    model: nn.Module,
    config: SearchConfig,
    context: Context,
    data: Data,
    name: str,
    *,
    levels: int,
    keep: float,
    criterion: str | Callable[..., Tensor],
    evidence: Callable[[nn.Module, tuple[str, ...]], Mapping[str, Mapping[str, Tensor]]] | None = None,
    scope: str = "global",
) -> Found:
    """Prune a copy of a trained `model` level by level; every level but the first is trained on by the config.

    Reports are `train`'s, with the network as it was cut in "cut_accuracy" and "cut_loss". name: of the folder that
    it resumes from.
    """
    directory = context.directory / name
    config = replace(config, levels=levels)
    found = find(
        copy.deepcopy(model),
        continued(trainer(config, data, context.seed, context.progress, context.checkpoint_every), data),
        levels=levels,
        keep=keep,
        criterion=criterion,
        scope=scope,
        evidence=evidence,
        restart="rewind-rate",
        generator=Streams(context.seed)["masks"],
        directory=directory,
    )
    _clear(directory)
    return found


def continued(train: Callable[[nn.Module, Phase], Report], data: Data) -> Callable[[nn.Module, Phase], Report]:
    """`train` for levels above 0, whose reports also say what the network was worth before it."""

    def train_on(model: nn.Module, phase: Phase) -> dict[str, Any]:
        before = evaluate(model, data.task)
        if phase.level == 0:
            return before
        return {f"cut_{name}": value for name, value in before.items()} | train(model, phase)

    return train_on


def _clear(directory: Path) -> None:
    """Once a search is done, its levels' checkpoints are three times the weights each and of no more use."""
    for checkpoint in directory.glob(f"level-*/{FILE}"):
        checkpoint.unlink()
