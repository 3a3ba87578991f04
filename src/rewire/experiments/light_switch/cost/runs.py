"""The runs of LS-0b: steps timed side by side, and the training of the comparator."""

import math
import time
from collections.abc import Callable, Iterator
from itertools import cycle

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import rewire
from rewire.experiments.light_switch.contenders import contender
from rewire.experiments.light_switch.cost.maml import Points, few_shot_errors, meta_step, sinusoids
from rewire.experiments.light_switch.cost.stages import Config
from rewire.experiments.recipe import Context
from rewire.models import MLP
from rewire.training import Checkpoint, Streams

Step = Callable[[], object]
NAMES = {"plain": "shared", "gated": "gated", "hard": "hard"}  # what a timing calls each contender
DIVERGED = 100.0  # squared error; always answering 0 costs at most 25
QUERIES = 100  # test points per task, so that the error of a fit is not that of a few lucky points


def time_steps(config: Config, context: Context) -> None:
    """One record per axis, size and network: milliseconds of a step and its ratio to the plain one's.

    The fastest round counts: whatever else the machine does can only add to the time of a step.
    """
    for axis, size, batch, width in grid(config):
        steps = contenders(config, batch, width, context)
        times = interleaved(steps, config.rounds, config.repeats)
        for name, seconds in times.items():
            place = {"axis": axis, "size": size, "batch": batch, "width": width, "contender": name}
            ratio = min(seconds) / min(times["plain"])
            context.sink.write(place | {"milliseconds": 1e3 * min(seconds), "ratio": ratio})


def grid(config: Config) -> Iterator[tuple[str, int, int, int]]:
    """(axis, size on it, batch, width) of every place to measure."""
    yield from (("batch", batch, batch, config.width) for batch in config.batches)
    yield from (("width", width, config.batch, width) for width in config.widths)


def contenders(config: Config, batch: int, width: int, context: Context) -> dict[str, Step]:
    """A training step of each network on `batch` examples: of one task, or for MAML of as many tasks as they make."""
    streams = Streams(context.seed)
    tasks = [f"sinusoid-{k}" for k in range(config.tasks)]
    x, y = (t[0].to(context.device) for t in sinusoids(1, batch, 0, streams["data"])[0])
    steps = {}
    for name, kind in NAMES.items():
        model, optimizer = contender(
            kind, tasks, lambda: _network(width), streams, lr=config.lr, speed="4T", device=context.device
        )
        steps[name] = _supervised(model, optimizer, tasks if name != "plain" else [], x, y)
    return steps | {"maml": _meta(config, batch, width, streams, context.device)}


def _network(width: int) -> MLP:
    return MLP(1, width, width, 1)


def _supervised(model: nn.Module, optimizer: torch.optim.Optimizer, tasks: list[str], x: Tensor, y: Tensor) -> Step:
    turns = cycle(tasks)

    def step() -> None:
        if tasks:
            rewire.switch(model, next(turns))
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()

    return step


def _meta(config: Config, batch: int, width: int, streams: Streams, device: str) -> Step:
    network, optimizer = _learner(config, width, streams, device)
    tasks = max(1, batch // (2 * config.shots))
    support, query = _drawn(tasks, config.shots, config.shots, streams, torch.device(device))
    parameters = list(network.parameters())
    return lambda: meta_step(parameters, optimizer, support, query, config.inner_lr)


def _learner(config: Config, width: int, streams: Streams, device: str) -> tuple[nn.Module, torch.optim.Optimizer]:
    """MAML's network and optimizer are the plain ones."""
    return contender("shared", ["all"], lambda: _network(width), streams, lr=config.lr, speed="1", device=device)


def interleaved(steps: dict[str, Step], rounds: int, repeats: int) -> dict[str, list[float]]:
    """Seconds of one call of each, per round; taking turns, they share the machine's quiet and busy moments."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    for step in steps.values():  # first calls allocate
        step()
    for _ in range(rounds):
        for name, step in steps.items():
            start = time.perf_counter()
            for _ in range(repeats):
                step()
            times[name].append((time.perf_counter() - start) / repeats)
    return times


def train_maml(config: Config, context: Context) -> None:
    """Train the comparator; one record per number of inner steps: its error on tasks never trained on."""
    streams = Streams(context.seed)
    network, optimizer = _learner(config, config.width, streams, context.device)
    parameters = list(network.parameters())
    tasks = config.batch // (2 * config.shots)
    checkpoint, parts = Checkpoint(context.directory), {"model": network, "optimizer": optimizer}
    device = torch.device(context.device)
    first = 0
    if (saved := checkpoint.restore(parts)) is not None:
        first = saved[0]
        streams.load(saved[1], device)
    for step in range(first + 1, config.steps + 1):
        support, query = _drawn(tasks, config.shots, config.shots, streams, device)
        meta_step(parameters, optimizer, support, query, config.inner_lr)
        if step % 50 == 0:
            context.progress({"step": step, "steps": config.steps})
        if checkpoint.due():
            checkpoint.save(step, parts, streams.state(device))
    support, query = _drawn(config.test_tasks, config.test_shots, QUERIES, streams, device)
    errors = few_shot_errors(parameters, support, query, config.inner_lr, (0, 1, 5, 10))
    for count, error in errors.items():
        context.sink.write({"inner_steps": count, "shots": config.test_shots} | _summary(error))


def _summary(error: Tensor) -> dict[str, float]:
    """Mean over the tasks on which descent did not diverge, how many it did on, and the median over all.

    Five points may lie where the inner loss is too steep for its learning rate; one such task can outweigh all others.
    """
    kept = error[error < DIVERGED]  # no NaN is
    return {
        "mse": kept.mean().item(),
        "median": error.nan_to_num(math.inf).median().item(),
        "diverged": len(error) - len(kept),
    }


def _drawn(tasks: int, shots: int, queries: int, streams: Streams, device: torch.device) -> tuple[Points, Points]:
    support, query = sinusoids(tasks, shots, queries, streams["data"])
    return (support[0].to(device), support[1].to(device)), (query[0].to(device), query[1].to(device))
