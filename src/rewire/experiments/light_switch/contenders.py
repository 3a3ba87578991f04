"""The networks every light-switch experiment compares, and the optimizer each is trained with."""

from collections.abc import Callable, Sequence

import torch
from torch import nn

import rewire
from rewire.errors import choice
from rewire.gates import Hard, Sigmoid, score_speed
from rewire.models import Separate
from rewire.training import Streams

KINDS = ("gated", "hard", "shared", "separate")


def contender(
    kind: str,
    tasks: Sequence[str],
    make: Callable[[], nn.Module],
    streams: Streams,
    *,
    lr: float,
    speed: str,
    device: str | torch.device = "cpu",
    hard_mean: float = 1.0,
) -> tuple[nn.Module, torch.optim.Optimizer]:
    """One network and its fused Adam; what belongs to a task alone learns at `speed` · lr.

    gated: the light switch (σ, scores 0, values doubled so that it equals the plain network at step 0).
    hard: the step switch. shared: one plain network for all tasks. separate: a network per task. All parameters of
    `separate` belong to tasks, so in the authors' code they train at 3·T·lr ("3T"): with "1" they train at lr.
    """
    if kind not in KINDS:
        raise choice("model", KINDS, kind)
    with streams.initialising():
        network = Separate({task: make() for task in tasks}) if kind == "separate" else make()
    model = network.to(device)
    if kind == "shared":
        return model, torch.optim.Adam(model.parameters(), lr=lr, fused=True)
    if kind == "separate":
        return model, torch.optim.Adam(model.parameters(), lr=lr * score_speed(speed, len(tasks)), fused=True)
    switch = Sigmoid() if kind == "gated" else Hard(mean=hard_mean)
    rewire.gate(model, tasks, switch, preserve=kind == "gated", generator=streams["masks"])
    return model, torch.optim.Adam(rewire.param_groups(model, lr, speed), fused=True)
