"""What a run of the image experiments does: train, look, record, and save what later figures need."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

import rewire
from rewire.experiments.light_switch.contenders import contender
from rewire.experiments.light_switch.images.config import ImageConfig, TransformConfig
from rewire.experiments.light_switch.images.families import PRIMARIES, family
from rewire.experiments.light_switch.images.rounding import ROUNDED, rounding_rows
from rewire.experiments.light_switch.images.wiring import PIXELS, pixel_rows, pixels, wiring_rows, write_images
from rewire.experiments.recipe import Context
from rewire.files import write_json
from rewire.models import LeNet5
from rewire.runs.resident import peak_gib
from rewire.tasks import Task, transforms
from rewire.training import Checkpoint, Streams, evaluate, fit

MODEL, MEMORY, PANELS = "model", "memory.json", "panels.safetensors"
SAMPLE = slice(0, None, 10)  # a fixed tenth of the test set: an even sample, for its first half is easier


def train(config: ImageConfig, context: Context) -> None:
    """Train one contender on a family, evaluating as the config says."""
    tasks = family(config.family, config.dataset, context.data, context.device)
    model, optimizer, streams = build(config, tasks, context)
    channels_last = _channels(tasks) > 1  # with one channel it is slower
    fit(
        model,
        tasks,
        optimizer,
        steps=config.steps,
        batch_size=config.batch_size,
        streams=streams,
        evaluate_at=_looks(config),
        evaluated=(),
        measure=partial(_look, config=config, tasks=tasks, channels_last=channels_last),
        sink=context.sink,
        checkpoint=Checkpoint(context.directory),
        progress=context.progress,
        precision=config.precision,
        channels_last=channels_last,
        set_to_none=not config.zero_gradients,
    )
    if config.wiring:
        _keep_wiring(config, model, tasks, context)
    if config.rounding:
        for row in rounding_rows(model, tasks, context.directory / ROUNDED):
            context.sink.write(row)
    write_json(context.directory / MEMORY, {"peak_gib": peak_gib()})


def build(
    config: ImageConfig, tasks: Sequence[Task], context: Context
) -> tuple[nn.Module, torch.optim.Optimizer, Streams]:
    """The untrained contender, its optimizer and its random streams."""
    streams, names = Streams(context.seed), [task.name for task in tasks]
    make = partial(LeNet5, _channels(tasks))
    model, optimizer = contender(
        config.model,
        names,
        make,
        streams,
        lr=config.lr,
        speed=config.speed,
        device=context.device,
        hard_mean=config.hard_mean,
    )
    return model, optimizer, streams


def _channels(tasks: Sequence[Task]) -> int:
    return tasks[0].test[:1][0].shape[1]


def _looks(config: ImageConfig) -> set[int]:
    curve = range(config.curve_every, config.steps + 1, config.curve_every) if config.curve_every else ()
    return {*config.evaluate_at, *curve}


def _look(
    model: nn.Module, step: int, *, config: ImageConfig, tasks: Sequence[Task], channels_last: bool
) -> Iterator[dict]:
    """The records of one step: whole test set ("test") where a claim needs it, a tenth ("sample") for the curves."""
    score = partial(evaluate, model, precision=config.precision, channels_last=channels_last)
    for task in tasks:
        if config.watch and task.name not in config.watch:
            continue
        if step in config.evaluate_at:
            yield {"task": task.name, "split": "test"} | score(task)
        if config.curve_every and step % config.curve_every == 0:
            sample = replace(task, test=task.test.subset(SAMPLE))
            yield {"task": task.name, "split": "sample"} | score(sample)


def _keep_wiring(config: ImageConfig, model: nn.Module, tasks: Sequence[Task], context: Context) -> None:
    maps = pixels(model, tasks)
    for row in (*wiring_rows(model), *pixel_rows(maps)):
        context.sink.write(row)  # without a step: `fit` keeps a resumed run's records up to the checkpoint's step
    write_images(context.directory / PIXELS, maps)
    rewire.save(model, context.directory / MODEL, scores=True)


def check_transforms(config: TransformConfig, context: Context) -> None:
    """Record how far the transforms are from their formulas, and what each task's channels still tell."""
    for row in formula_rows():
        context.sink.write(row)
    panels: dict[str, Tensor] = {}
    for name in config.families:
        for task in family(name, config.dataset, context.data, context.device):
            for row in _channel_rows(task):
                context.sink.write({"family": name} | row)
            panels[f"{name}: {task.name}"] = task.test[:1][0][0]
    write_images(context.directory / PANELS, panels)


def formula_rows() -> Iterator[dict]:
    """Per transform and colour, the largest difference from the formula in double precision, over all 256 pixels."""
    x = transforms.unit(torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16))
    exact = x.double()
    for name, rgb in {**PRIMARIES, "maroon": (0.5, 0, 0), "leaf": (0, 0.75, 0), "white": (1, 1, 1)}.items():
        c = torch.tensor(rgb, dtype=torch.float64).view(3, 1, 1)
        for formula, ours, truth in (
            ("x+(1-x)c", transforms.colour(x, rgb), exact + (1 - exact) * c),
            ("xc+(1-x)", transforms.invert(x, rgb), exact * c + (1 - exact)),
        ):
            yield {"formula": formula, "colour": name, "difference": (ours - truth).abs().max().item()}


def _channel_rows(task: Task) -> Iterator[dict]:
    x = torch.cat([task.test[slice(start, start + 1000)][0] for start in range(0, len(task.test), 1000)])
    for channel, plane in enumerate(x.unbind(1)):
        yield {
            "task": task.name,
            "channel": channel,
            "variance": plane.double().var(correction=0).item(),
            "least": plane.min().item(),
            "most": plane.max().item(),
        }


def artefact(runs: Path, config: ImageConfig | TransformConfig, seed: int, name: str) -> Path:
    """Where a run of this recipe keeps the file `name`."""
    from rewire.runs import run_name

    return runs / run_name(config) / f"seed{seed}" / name
