"""What a run of light-switch/storage does: train, weigh the scores, round, weigh the bits, train on."""

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from torch import nn

import rewire
from rewire.experiments.light_switch.contenders import contender
from rewire.experiments.light_switch.images.families import family, thinned
from rewire.experiments.light_switch.images.rounding import ROUNDED, rounding_rows
from rewire.experiments.light_switch.sinusoid.runs import penalty
from rewire.experiments.light_switch.storage.stages import StorageConfig
from rewire.experiments.recipe import Context
from rewire.models import LeNet5
from rewire.training import Checkpoint, Streams, evaluate, fit


def train_and_round(config: StorageConfig, context: Context) -> None:
    """Records: those of `rounding_rows`, the "bytes" of each task's float32 scores, accuracy of the net trained on."""
    tasks = [
        thinned(task, config.images) for task in family(config.family, config.dataset, context.data, context.device)
    ]
    names, streams = [task.name for task in tasks], Streams(context.seed)
    rates = {"lr": config.lr, "speed": config.speed, "hard_mean": config.hard_mean}
    make = partial(LeNet5, channels=3)
    model, optimizer = contender(config.model, names, make, streams, device=context.device, **rates)
    train = partial(fit, model, tasks, optimizer, batch_size=config.batch_size, streams=streams, channels_last=True)
    train(
        steps=config.steps,
        penalty=penalty(config.penalty, config.weight),
        sink=context.sink,
        checkpoint=Checkpoint(context.directory, context.checkpoint_every),
        progress=context.progress,
    )
    for row in [*score_bytes(model), *rounding_rows(model, tasks, context.directory / ROUNDED)]:
        context.sink.write(row)
    train(steps=config.after)
    for task in tasks:
        accuracy = evaluate(model, task, channels_last=True)["accuracy"]
        context.sink.write({"retrained": task.name, "steps": config.after, "accuracy": accuracy})


def score_bytes(model: nn.Module) -> Iterator[dict]:
    """The file that each task's scores would take, unrounded."""
    with tempfile.TemporaryDirectory() as scratch:
        rewire.save(model, scratch, scores=True)
        for index, task in enumerate(rewire.tasks_of(model)):
            (file,) = Path(scratch).glob(f"task-{index}-*")
            yield {"scores of": task, "bytes": file.stat().st_size}
