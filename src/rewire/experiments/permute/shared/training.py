"""One training as a run: from θ0 by the config's method, looked at right after a sync, resumed bit for bit."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import MultiStepLR
from torch.optim.swa_utils import update_bn

from rewire.experiments.permute.shared.config import TrainConfig, looks, milestones
from rewire.experiments.permute.shared.data import load
from rewire.experiments.permute.shared.methods import start, synced
from rewire.experiments.permute.shared.networks import build
from rewire.experiments.permute.shared.values import compared, snapshot
from rewire.experiments.recipe import Context
from rewire.optim import LAPerm
from rewire.permutations.rows import weight_slots
from rewire.tasks import Task
from rewire.training import Checkpoint, Streams, evaluate, fit
from rewire.training.denormals import flushed
from rewire.training.evaluate import autocast, device_of

Record = Mapping[str, Any]
Observe = Callable[[nn.Module, Optimizer], Callable[[int], Iterable[Record]]]
STATISTICS_BATCH = 256


@dataclass(frozen=True)
class Trained:
    """What a training left: the model, after a last sync; its optimizers; its weights at θ0 and at the end, by name."""

    task: Task
    model: nn.Module
    optimizer: Optimizer
    laperm: LAPerm | None
    before: dict[str, Tensor]

    @property
    def after(self) -> dict[str, Tensor]:
        return snapshot(weight_slots(self.model))


def prepare(
    config: TrainConfig, context: Context, change: Callable[[nn.Module], object] = lambda model: None
) -> Trained:
    """Data, network and method before the first step; `change` is done to the network before the method sees it."""
    task = load(config, context.seed, context.data, context.device)
    model = build(config, task.test[:1][0], context.seed).to(context.device)
    change(model)
    before = snapshot(weight_slots(model))
    return Trained(task, model, *start(config, model, context.seed), before)


def run(config: TrainConfig, context: Context) -> None:
    """Train, and say what became of the values: what the recipes do that need no more than that."""
    trained = train(config, context)
    context.sink.write(compared(trained.before, trained.after))


def train(
    config: TrainConfig, context: Context, observe: Observe | None = None, observed: Iterable[int] = ()
) -> Trained:
    """All steps of a training; its records are what `look` yields, and what is observed.

    observe: given model and optimizer, returns a function that yields more records after each of the steps `observed`.
    """
    trained = prepare(config, context)
    steps(trained, config, context, 0, config.steps, observe, observed)
    if trained.laperm is not None:
        trained.laperm.sync()
    return trained


def steps(
    trained: Trained,
    config: TrainConfig,
    context: Context,
    first: int,
    last: int,
    observe: Observe | None = None,
    observed: Iterable[int] = (),
    directory: Path | None = None,
) -> None:
    """Steps `first` to `last` of a training, as the config's batches and learning rates are there.

    directory: of the checkpoint; the run's own, unless several parts of a training keep one each.
    """
    see = None if observe is None else observe(trained.model, trained.optimizer)
    at, more = {step for step in looks(config) if first < step <= last or step == first == 0}, set(observed)
    with flushed() if torch.device(context.device).type == "cpu" else nullcontext():
        fit(
            trained.model,
            [trained.task],
            trained.optimizer,
            start=first,
            steps=last,
            batch_size=config.batch_size,
            streams=Streams(context.seed),
            scheduler=_schedule(trained.optimizer, config),
            evaluate_at=at | more,
            evaluated=(),
            measure=partial(_measure, trained=trained, config=config, at=at, see=see, observed=more),
            sink=context.sink,
            checkpoint=Checkpoint(directory or context.directory, context.checkpoint_every),
            progress=context.progress,
            order="epochs",
            precision=config.precision,
            channels_last=convolutional(config),
        )


def look(trained: Trained, config: TrainConfig) -> dict[str, Any]:
    """Test accuracy and loss of the synced network; with BatchNorm's statistics as they ran and, asked to, renewed.

    The statistics that a network gathers belong to weights between syncs, which a synced network no longer has: as
    they ran they give "stale_accuracy". Training goes on with those, and so do networks that nothing syncs.
    """
    model, task, laperm = trained.model, trained.task, trained.laperm
    score = partial(evaluate, precision=config.precision, channels_last=convolutional(config))
    found: dict[str, Any] = {"split": "test"}
    if laperm is not None:
        found |= {"moved": laperm.moved, "mobility": laperm.mobility()}
    with synced(laperm, model):
        if config.statistics and laperm is not None:
            found |= {"stale_accuracy": score(model, task)["accuracy"]}
            renew_statistics(model, task, config)
        return found | score(model, task)


def renew_statistics(model: nn.Module, task: Task, config: TrainConfig) -> None:
    """BatchNorm's means and variances over the first `statistics` training images, without augmentation."""
    starts = range(0, min(config.statistics, len(task.train)), STATISTICS_BATCH)
    batches = (task.train[slice(start, start + STATISTICS_BATCH)][0] for start in starts)
    with autocast(device_of(model), config.precision):
        update_bn(batches, model)


def convolutional(config: TrainConfig) -> bool:
    return config.model in ("resnet20", "vgg7")


def _schedule(optimizer: Optimizer, config: TrainConfig) -> MultiStepLR | None:
    """None where the learning rate never falls: SGPerm has none."""
    return MultiStepLR(optimizer, milestones(config)) if config.drops else None


def _measure(
    model: nn.Module,
    step: int,
    *,
    trained: Trained,
    config: TrainConfig,
    at: set[int],
    see: Callable[[int], Iterable[Record]] | None,
    observed: set[int],
) -> Iterator[Record]:
    if step in at:
        yield look(trained, config)
    if see is not None and step in observed:
        yield from see(step)
