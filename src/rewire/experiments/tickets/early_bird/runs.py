"""What a run of tickets/early-bird does: train, keep the masks of every epoch, then ask when one would be drawn."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rewire.experiments.recipe import Context
from rewire.experiments.tickets.early_bird.stages import EarlyBirdConfig
from rewire.experiments.tickets.shared.data import load
from rewire.experiments.tickets.shared.networks import build as build_searched
from rewire.experiments.tickets.shared.trainer import optimizer
from rewire.masks import Mask, hamming, load_mask, save_mask
from rewire.tasks import Task
from rewire.tickets import EarlyBird, channel_mask, magnitude_mask, scaling_penalty
from rewire.training import Checkpoint, Streams, evaluate, fit
from rewire.training.denormals import flushed

WIDTHS = (16, 32, 64)
SAMPLE = slice(0, None, 10)


def run(config: EarlyBirdConfig, context: Context) -> None:
    """Train once; then compare the masks of its epochs."""
    streams, folder = Streams(context.seed), context.directory / "masks"
    folder.mkdir(exist_ok=True)
    task = load(config, context.seed, context.data, context.device).task
    model = build(config, task.test[:1][0], streams).to(context.device)
    epoch = -(-len(task.train) // config.batch_size)
    descent = optimizer(config, model.parameters())
    drops = [epoch * config.epochs // 2, epoch * config.epochs * 3 // 4]
    with flushed():
        fit(
            model,
            [task],
            descent,
            steps=config.epochs * epoch,
            batch_size=config.batch_size,
            streams=streams,
            scheduler=torch.optim.lr_scheduler.MultiStepLR(descent, drops),
            penalty=partial(scaling_penalty, strength=config.scaling) if config.scaling else None,
            evaluate_at=range(0, config.epochs * epoch + 1, epoch),
            evaluated=(),
            measure=partial(_look, config=config, task=task, epoch=epoch, folder=folder),
            sink=context.sink,
            checkpoint=Checkpoint(context.directory, context.checkpoint_every),
            progress=context.progress,
            order="epochs",
            channels_last=config.model == "convnet",
        )
    for keep in config.keeps:
        untrained, *masks = (load_mask(_file(folder, keep, index)) for index in range(config.epochs + 1))
        for row in (*compare(config, masks), {"initially": hamming(untrained, masks[-1])}):
            context.sink.write({"keep": keep} | row)


def build(config: EarlyBirdConfig, x: Tensor, streams: Streams) -> nn.Module:
    """The config's network, untrained, for images like `x`."""
    if config.model == "mlp":
        return build_searched(config, x, streams)
    with streams.initialising():
        return nn.Sequential(
            *(layer for inputs, outputs in pairwise((x.shape[1], *WIDTHS)) for layer in _block(inputs, outputs)),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(WIDTHS[-1], 10),
        )


def compare(config: EarlyBirdConfig, masks: list[Mask]) -> Iterator[dict[str, Any]]:
    """Per epoch the distances from the newest mask; when one is drawn, and how far it is from the last epoch's."""
    waiting = iter(masks)
    early = EarlyBird(lambda model: next(waiting), config.epsilon, config.queue)
    drawn = None
    for epoch in range(1, len(masks) + 1):
        if early.update(nn.Identity()) and drawn is None:
            drawn = epoch
        yield {
            "epoch": epoch,
            "farthest": max(early.distances, default=None),
            "to_last": hamming(masks[epoch - 1], masks[-1]),
        }
    yield {
        "drawn": drawn,
        "of": len(masks),
        "from_final": None if drawn is None else hamming(masks[drawn - 1], masks[-1]),
    }
    for a, mask in enumerate(masks):
        yield {"row": a + 1, "distances": [hamming(mask, other) for other in masks]}


def _block(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    pool = nn.MaxPool2d(2) if outputs < WIDTHS[-1] else nn.Identity()
    return nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(), pool


def _look(
    model: nn.Module, step: int, *, config: EarlyBirdConfig, task: Task, epoch: int, folder: Path
) -> Iterator[dict[str, Any]]:
    """Keep the epoch's masks as files, for a resumed run needs them; record the accuracy on a tenth of the test set."""
    mask_of = channel_mask if config.model == "convnet" else magnitude_mask
    for keep in config.keeps:
        save_mask(mask_of(model, keep), _file(folder, keep, step // epoch))
    sample = replace(task, test=task.test.subset(SAMPLE))
    yield {"split": "sample", "at": step // epoch} | evaluate(model, sample, channels_last=config.model == "convnet")


def _file(folder: Path, keep: float, epoch: int) -> Path:
    return folder / f"{keep}-{epoch:03}"
