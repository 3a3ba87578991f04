"""What a run of light-switch/unseen does: train on the known colours, then serve the others in every way there is."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor, nn

import rewire
from rewire.experiments.light_switch.contenders import contender
from rewire.experiments.light_switch.images.families import family, thinned
from rewire.experiments.light_switch.unseen.stages import UnseenConfig
from rewire.experiments.recipe import Context
from rewire.gates import score_speed
from rewire.gates.combination import combined
from rewire.models import LeNet5
from rewire.tasks import Examples, Task
from rewire.training import Checkpoint, Streams, derive, evaluate, fit

score = partial(evaluate, channels_last=True)


def train_and_transfer(config: UnseenConfig, context: Context) -> None:
    """Records: accuracy by `task` and `method`, `alpha` by unseen task and known one, `guessed` by batch size."""
    known = [thinned(task, config.images) for task in _family(config.known, config, context)]
    model = _trained(config, known, context)
    for task in known:
        context.sink.write({"task": task.name, "method": "own mask", "accuracy": score(model, task)["accuracy"]})
    for row in guess_rows(model, known, config):
        context.sink.write(row)
    names = [task.name for task in known]
    for task in _family(config.unseen, config, context):
        few = _few(task, max(config.shots), context.seed)
        for row in ways(model, thinned(task, config.images), few, names, config, context.seed):
            context.sink.write({"task": task.name} | row)


def _trained(config: UnseenConfig, tasks: list[Task], context: Context) -> nn.Module:
    """The network of the known tasks; its shared values are frozen from then on."""
    streams, names = Streams(context.seed), [task.name for task in tasks]
    rates = {"lr": config.lr, "speed": config.speed, "hard_mean": config.hard_mean}
    model, optimizer = contender(
        config.model, names, partial(LeNet5, channels=3), streams, device=context.device, **rates
    )
    fit(
        model,
        tasks,
        optimizer,
        steps=config.steps,
        batch_size=config.batch_size,
        streams=streams,
        sink=context.sink,
        checkpoint=Checkpoint(context.directory, context.checkpoint_every),
        progress=context.progress,
        channels_last=True,
    )
    for values in rewire.gates.values(model).values():
        values.requires_grad_(False)
    return model


def guess_rows(model: nn.Module, known: list[Task], config: UnseenConfig) -> Iterator[dict]:
    """How often the one-shot gradient of α names the right task, from one image and from batches, all unlabelled."""
    names = [task.name for task in known]
    for crowd in config.crowds:
        right = [
            rewire.infer_task(model, _images(task.train, slice(start, start + crowd)), names) == task.name
            for task in known
            for start in range(0, config.guesses * crowd, crowd)
        ]
        yield {"crowd": crowd, "guessed": sum(right) / len(right), "chance": 1 / len(names), "guesses": len(right)}


def ways(
    model: nn.Module, task: Task, few: Examples, names: list[str], config: UnseenConfig, seed: int
) -> Iterator[dict]:
    """Accuracy on an unseen task by every way to serve it, from those without labels (0 shots) to those with most."""
    mean = dict.fromkeys(names, 1 / len(names))
    yield {"method": "mean mask", "shots": 0, "accuracy": mixture_accuracy(model, task, mean)}
    guess = rewire.infer_task(model, _images(few, slice(None)), names)
    yield {"method": "guessed mask", "shots": 0, "accuracy": _with_mask(model, task, guess), "choice": guess}
    alpha = mean
    for shots in config.shots:
        labelled = few.subset(slice(0, shots))
        best = min(names, key=lambda name: score(model, replace(task, name=name, train=labelled), "train")["loss"])
        yield {"method": "best mask", "shots": shots, "accuracy": _with_mask(model, task, best), "choice": best}
        x, y = _images(labelled, slice(None)), labelled.targets
        alpha = rewire.fit_combination(model, x, y, names, steps=config.mixing_steps, lr=config.mixing_lr)
        yield {"method": "mixture", "shots": shots, "accuracy": mixture_accuracy(model, task, alpha)}
        yield from ({"shots": shots, "known": name, "alpha": weight} for name, weight in alpha.items())
    rate = config.lr * score_speed(config.speed, len(names))  # of the scores in training
    for method, init in {"mixture, tuned": alpha, "new scores": None}.items():
        name = f"{task.name} ({method})"
        rewire.add_task(model, name, init)
        yield from tuned(model, replace(task, name=name, train=few), config, rate, seed, {"method": method})


def mixture_accuracy(model: nn.Module, task: Task, alpha: Mapping[str, float]) -> float:
    """The accuracy on `task` of masks Σ α_i mask_i, not rounded."""
    with combined(model, list(alpha)) as at:
        at(torch.tensor(list(alpha.values())))
        return _with_mask(model, task, next(iter(alpha)))  # whichever task is active, the mixture serves


def tuned(model: nn.Module, task: Task, config: UnseenConfig, rate: float, seed: int, row: dict) -> Iterator[dict]:
    """Train the scores of one task, just added, for a few steps, and nothing else; accuracy before and after.

    Both initialisations draw the same batches.
    """
    row = row | {"shots": len(task.train)}
    yield row | {"tuning": 0, "accuracy": score(model, task)["accuracy"]}
    fit(
        model,
        [task],
        torch.optim.Adam(rewire.param_groups(model, rate, 1, tasks=[task.name])),
        steps=config.tuning_steps,
        batch_size=min(config.batch_size, len(task.train)),
        streams=Streams(derive(seed, "tuning")),
        channels_last=True,
    )
    yield row | {"tuning": config.tuning_steps, "accuracy": score(model, task)["accuracy"]}


def _with_mask(model: nn.Module, task: Task, name: str) -> float:
    return score(model, replace(task, name=name))["accuracy"]


def _family(name: str, config: UnseenConfig, context: Context) -> list[Task]:
    return family(name, config.dataset, context.data, context.device)


def _few(task: Task, shots: int, seed: int) -> Examples:
    """Labelled examples of an unseen task; other seeds draw others."""
    generator = torch.Generator().manual_seed(derive(seed, "shots", task.name))
    return task.train.subset(torch.randperm(len(task.train), generator=generator)[:shots])


def _images(examples: Examples, index: slice) -> Tensor:
    return examples[index][0].contiguous(memory_format=torch.channels_last)
