"""The runs of LS-3: training with a watch on masks and weights, and the formulas that need no training."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

import rewire
from rewire.errors import choice
from rewire.experiments.light_switch.contenders import contender
from rewire.experiments.light_switch.sinusoid.distributions import concentration, counts, distances, matched
from rewire.experiments.light_switch.sinusoid.stages import Config
from rewire.experiments.recipe import Context
from rewire.gates import absolute, gaussian, masks, tasks_of, values
from rewire.models import MLP
from rewire.tasks import Task, sinusoid_tasks
from rewire.training import Checkpoint, Streams, evaluate, fit

REGULARISERS = {"absolute": absolute, "gaussian": gaussian}
GRADIENTS: dict[str, Callable[[Tensor], Tensor]] = {  # of eqs 4 and 5, by hand; the subgradient at 0 is 0
    "absolute": lambda s: -s.sign() * (-s.abs()).exp(),
    "gaussian": lambda s: -2 * s * (-s.square()).exp(),
}
UNDECIDED = (0.05, 0.95)
WEIGHT_RANGE, WEIGHT_BINS = (-1.0, 1.0), 80
MASK_RANGE, MASK_BINS = (0.0, 1.0), 25


def train(config: Config, context: Context) -> None:
    """Train one network on all tasks; gated ones also record what their weights and masks look like."""
    streams = Streams(context.seed)
    tasks = draw_tasks(config, streams, dtype=torch.float32)
    names = [task.name for task in tasks]
    model, optimizer = contender(
        config.model, names, lambda: network(config), streams, lr=config.lr, speed=config.speed, device=context.device
    )
    watched = config.penalty == "none" and config.model in ("gated", "hard")
    fit(
        model,
        [task.to(context.device) for task in tasks],
        optimizer,
        steps=config.steps,
        batch_size=config.batch_size,
        streams=streams,
        penalty=penalty(config.penalty, config.weight),
        evaluate_at=range(0, config.steps + 1, max(1, config.steps // config.snapshots)),
        measure=(lambda m, step: observe(m, last=step == config.steps)) if watched else None,
        sink=context.sink,
        checkpoint=Checkpoint(context.directory),
        progress=context.progress,
    )


def draw_tasks(config: Config, streams: Streams, dtype: torch.dtype, **wave: Any) -> list[Task]:
    generator, sizes = streams["data"], (config.train, config.test)
    options = {"clamp": config.clamp, "generator": generator, "dtype": dtype} | wave
    return sinusoid_tasks(config.tasks, config.features, *sizes, **options)[0]


def network(config: Config) -> MLP:
    return MLP(config.features, config.hidden, config.hidden, config.features)


def penalty(name: str, weight: float) -> Callable[[nn.Module], Tensor] | None:
    """`weight` times a regulariser of the active task's scores, or None for "none"."""
    if name == "none":
        return None
    if name not in REGULARISERS:
        raise choice("penalty", ("none", *REGULARISERS), name)
    return lambda model: weight * REGULARISERS[name](model)


@torch.no_grad()
def observe(model: nn.Module, last: bool) -> Iterator[dict[str, Any]]:
    """Per weight matrix, numbered from 1: how concentrated W ⊙ mask is over all tasks, how many masks are undecided.

    Layer 2 adds its histogram; at the end every layer adds the distances between the tasks' distributions of masks.
    """
    by_task = [masks(model, task) for task in tasks_of(model)]
    layers = [(name, tensor) for name, tensor in values(model).items() if tensor.ndim == 2]
    smallest = min(tensor.numel() for _, tensor in layers)
    for layer, (name, tensor) in enumerate(layers, start=1):
        mask = torch.stack([each[name].flatten() for each in by_task]).cpu()  # [T, weights of the layer]
        weights = tensor.flatten().cpu() * mask
        undecided = ((mask > UNDECIDED[0]) & (mask < UNDECIDED[1])).double().mean().item()
        yield {"layer": layer, "undecided": undecided, **concentration(weights)}
        if layer == 2:
            yield {"layer": layer, "weights": counts(weights.flatten(), WEIGHT_RANGE, WEIGHT_BINS)}
        if last:
            between = distances(mask)
            yield {
                "layer": layer,
                "distances": between.tolist(),
                "matched": matched(mask, smallest),
                "masks": [counts(row, MASK_RANGE, MASK_BINS) for row in mask],
            }


def formulas(config: Config, context: Context) -> None:
    """Record the regularisers' gradients, by autograd and by hand, and how far cosine tasks are from shifted sines."""
    theta = torch.arange(-80, 81, dtype=torch.float64) / 20  # holds 0 exactly, where linspace rounds
    for name, by_hand in GRADIENTS.items():
        row = {"penalty": name, "theta": theta.tolist(), "by_hand": by_hand(theta).tolist()}
        context.sink.write(row | {"autograd": gradient(name, theta).tolist()})
    context.sink.write(waves(config, context.seed))


def gradient(name: str, theta: Tensor) -> Tensor:
    """The regulariser's gradient where the scores are `theta` [n], as a gated model's optimizer would see it."""
    model = rewire.gate(nn.Linear(len(theta), 1, bias=False).to(theta.dtype), ["task"])
    score = rewire.gates.scores(model, "task")["weight"]
    with torch.no_grad():
        score.copy_(theta[None])
    (result,) = torch.autograd.grad(REGULARISERS[name](model), score)
    return result[0]


def waves(config: Config, seed: int) -> dict[str, float]:
    """Tasks y = cos(z) against y = sin(z + π/2), z with its bias shifted: largest differences of data and of test loss.

    The same network learns each for `steps` steps, in float64 so that rounding stays far below any real difference.
    """
    losses, targets = [], []
    for wave, shift in ((torch.cos, 0.0), (torch.sin, math.pi / 2)):
        streams = Streams(seed)
        tasks = draw_tasks(config, streams, torch.float64, wave=wave, shift=shift)
        names = [task.name for task in tasks]
        model, optimizer = contender(
            "gated", names, lambda: network(config).double(), streams, lr=config.lr, speed=config.speed
        )
        fit(model, tasks, optimizer, steps=config.steps, batch_size=config.batch_size, streams=streams)
        losses.append(torch.tensor([evaluate(model, task)["loss"] for task in tasks], dtype=torch.float64))
        targets.append(torch.stack([task.train.targets for task in tasks]))
    data, loss = ((a - b).abs().max().item() for a, b in (targets, losses))
    return {"wave_data": data, "wave_loss": loss, "wave_steps": config.steps}
