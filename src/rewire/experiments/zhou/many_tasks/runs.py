"""A run of zhou/many-tasks: train all tasks one way, and count the bytes of what must be kept."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import nn

import rewire
from rewire.errors import choice
from rewire.experiments.light_switch.contenders import contender
from rewire.experiments.recipe import Context
from rewire.experiments.zhou.many_tasks.stages import WAYS, ManyTasksConfig
from rewire.files import write_tensors
from rewire.gates import Hard, Superposition, signed_constant_
from rewire.gates.contents import shared_tensors
from rewire.masks import Mask, save_mask
from rewire.models import MLP
from rewire.optim import LAPerm
from rewire.permutations import Initial, initialise_, save_permutation
from rewire.tasks import Task, load_images, permuted
from rewire.training import Streams, derive, evaluate, fit
from rewire.training.denormals import flushed

Scores = list[float]
KINDS = {"separate": "separate", "shared": "shared", "light switch": "gated", "hard gates": "hard"}


def train_all(config: ManyTasksConfig, context: Context) -> None:
    """Records: accuracy by task, and bits per task and weight: those of the files in the run's folder."""
    if config.way not in WAYS:
        raise choice("way", WAYS, config.way)
    images = load_images(config.dataset, context.data, context.device)
    tasks = permuted(images, config.tasks, derive(context.seed, "family"))
    make = partial(MLP, images.train.inputs[0].numel(), *config.hidden, images.classes)
    kept = context.directory / "kept"
    kept.mkdir(exist_ok=True)
    with flushed():
        found = _way(config.way)(config, tasks, make, kept, context)
    size = sum(parameter.numel() for parameter in make().parameters())
    bits = 8 * sum(path.stat().st_size for path in kept.rglob("*") if path.is_file()) / config.tasks
    for number, accuracy in enumerate(found):
        context.sink.write({"task": number, "accuracy": accuracy})
    context.sink.write(
        {"mean_accuracy": sum(found) / len(found), "bits_per_task": bits, "bits_per_weight": bits / size}
    )


def _way(name: str) -> Callable[[ManyTasksConfig, list[Task], Callable[[], nn.Module], Path, Context], Scores]:
    return {"piggyback": piggyback, "supermasks": supermasks, "permutations": permutations}.get(name, together)


def together(
    config: ManyTasksConfig, tasks: list[Task], make: Callable[[], nn.Module], kept: Path, context: Context
) -> Scores:
    """All tasks in turns, drawn at random: separate networks, a shared one, or shared weights with masks."""
    streams, names = Streams(context.seed), [task.name for task in tasks]
    rates = {"lr": config.lr, "speed": "1" if config.way == "separate" else config.speed, "hard_mean": 0.1}
    model, optimizer = contender(KINDS[config.way], names, make, streams, device=context.device, **rates)
    _fit(model, tasks, optimizer, config.steps * len(tasks), config, context, streams)
    if config.way in ("light switch", "hard gates"):
        rewire.save(model, kept)
    else:
        write_tensors(kept / "weights.safetensors", dict(model.state_dict()))
    return [evaluate(model, task)["accuracy"] for task in tasks]


def supermasks(
    config: ManyTasksConfig, tasks: list[Task], make: Callable[[], nn.Module], kept: Path, context: Context
) -> Scores:
    """Masks over signs, which take a bit per weight; biases stay 0."""
    model = signed_constant_(_drawn(make, context), "kaiming")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(parameter.ndim > 1)
    many = Superposition(model, Hard(mean=0.0, std=0.02), generator=Streams(context.seed)["masks"])
    _learn(many, tasks, config, context)
    save_mask(
        Mask({name: values > 0 for name, values in rewire.gates.values(model).items()}), kept / "signs.safetensors"
    )
    _save_masks(many, kept)
    return [evaluate(model, task)["accuracy"] for task in tasks]


def piggyback(
    config: ManyTasksConfig, tasks: list[Task], make: Callable[[], nn.Module], kept: Path, context: Context
) -> Scores:
    """The first task trains the weights; the others, and it again, learn masks over them (Mallya et al. 2018)."""
    model = _drawn(make, context)
    optimizer = torch.optim.Adam(model.parameters(), lr=config.lr, fused=True)
    _fit(model, tasks[:1], optimizer, config.steps, config, context)
    first = evaluate(model, tasks[0])["accuracy"]
    many = Superposition(model, Hard(mean=0.01), generator=Streams(context.seed)["masks"])
    _learn(many, tasks[1:], config, context)
    write_tensors(kept / "weights.safetensors", shared_tensors(model))
    _save_masks(many, kept)
    return [first, *(evaluate(model, task)["accuracy"] for task in tasks[1:])]


def permutations(
    config: ManyTasksConfig, tasks: list[Task], make: Callable[[], nn.Module], kept: Path, context: Context
) -> Scores:
    """Each task has the same values in an order of its own, by LAPerm; biases are its own numbers."""
    source, found = Initial("kaiming uniform", derive(context.seed, "init")), []
    for number, task in enumerate(tasks):
        model = initialise_(make(), source, biases=True).to(context.device)
        optimizer = torch.optim.Adam(model.parameters(), lr=config.lr)
        laperm = LAPerm(optimizer, k=config.period)
        _fit(model, [task], optimizer, config.steps, config, context, done=number * config.steps)
        with laperm.synced():
            found.append(evaluate(model, task)["accuracy"])
            save_permutation(model, source, kept / f"{task.name}.permutation")
    return found


def _learn(many: Superposition, tasks: list[Task], config: ManyTasksConfig, context: Context) -> None:
    for number, task in enumerate(tasks):
        model = many.begin(task.name)
        optimizer = torch.optim.RMSprop(many.scores.values(), lr=config.mask_lr)
        _fit(model, [task], optimizer, config.steps, config, context, done=number * config.steps)
        many.finish()


def _fit(
    model: nn.Module,
    tasks: list[Task],
    optimizer: torch.optim.Optimizer,
    steps: int,
    config: ManyTasksConfig,
    context: Context,
    streams: Streams | None = None,
    done: int = 0,
) -> None:
    whole = config.steps * config.tasks
    fit(
        model,
        tasks,
        optimizer,
        steps=steps,
        batch_size=config.batch_size,
        streams=streams or Streams(derive(context.seed, tasks[0].name)),
        progress=lambda state: context.progress({**state, "step": done + state["step"], "steps": whole}),
    )


def _drawn(make: Callable[[], nn.Module], context: Context) -> nn.Module:
    with Streams(context.seed).initialising():
        return make().to(context.device)


def _save_masks(many: Superposition, kept: Path) -> None:
    for task in many.tasks:
        save_mask(Mask(many.bank.masks(task)), kept / f"{task}.safetensors")
