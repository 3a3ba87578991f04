"""What it costs to tell a task among k: random masks, one image, one thread."""

import statistics
import time

import torch

from rewire.experiments.recipe import Context
from rewire.experiments.zhou.superposition.stages import LatencyConfig
from rewire.gates import Superposition, signed_constant_
from rewire.models import MLP
from rewire.training import Streams


def time_inference(config: LatencyConfig, context: Context) -> None:
    """A record per number of tasks: median milliseconds of one-shot inference from one image, and the bank's bytes."""
    streams = Streams(context.seed)
    with streams.initialising():
        model = signed_constant_(MLP(784, *config.hidden, config.outputs), "kaiming")
    x = torch.rand(1, 1, 28, 28, generator=streams["data"])
    many = Superposition(model)
    for count in config.counts:
        _grow(many, count, streams["masks"])
        times = []
        for _ in range(config.rounds + 1):
            start = time.perf_counter()
            many.infer(x)
            times.append(1e3 * (time.perf_counter() - start))
        context.sink.write({"stored": count, "milliseconds": statistics.median(times[1:]), "bytes": many.bank.nbytes})


def _grow(many: Superposition, count: int, generator: torch.Generator) -> None:
    while len(many.tasks) < count:
        masks = {n: torch.rand(s, generator=generator) > 0.5 for n, s in many.bank.shapes.items()}
        many.add(f"task-{len(many.tasks)}", masks)
