"""`add_task`: a new task beside the old ones, from scratch, from a copy or from a mixture of their masks."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from rewire.errors import choice
from rewire.gates.attach import new_score
from rewire.gates.gate import Gate, gates, original, slots, tasks_of


def add_task(model: nn.Module, task: str, init: str | Mapping[str, float] | None = None) -> nn.Module:
    """Add a task to a gated model; the others' scores, and the active task, stay as they are, bit for bit.

    Args:
        init: None starts from the switch's initial scores; a task's name copies it; a mapping {task: weight} starts
            from the linear combination Σ weight · mask (Blum & Law 2020, §2.1), clamped to what the switch can give.

    The new scores are new parameters: hand them to your optimizer with
    `optimizer.add_param_group(*rewire.param_groups(model, lr, tasks=[task]))`.

    Raises ValueError for a name that is taken, an unknown task in `init`, or weights that are not finite.

    >>> model = rewire.gate(nn.Linear(2, 1), tasks=["day", "night"])
    >>> rewire.tasks_of(rewire.add_task(model, "dusk", init={"day": 0.5, "night": 0.5}))
    ['day', 'night', 'dusk']
    """
    _check(task, init, tasks_of(model))
    found = gates(model)
    tensors = {id(gate): original(module, name) for _, module, name, gate in slots(model)}
    for gate in {id(gate): gate for gate in found.values()}.values():
        gate.add(task, _initial(gate, tensors[id(gate)], init))
    return model


def _check(task: str, init: str | Mapping[str, float] | None, known: list[str]) -> None:
    if not isinstance(task, str):
        raise TypeError(f"task must be a name; got {task!r}")
    if task in known:
        raise ValueError(f"task must be new; {task!r} is one of the model's tasks {known}")
    weights = {} if init is None else {init: 1.0} if isinstance(init, str) else init
    if init is not None and not weights:
        raise ValueError("init must name at least one task; got an empty mapping: use None for initial scores")
    for name, weight in weights.items():
        if name not in known:
            raise choice("init", known, name)
        if not math.isfinite(weight):
            raise ValueError(f"init weights must be finite; got {weight!r} for {name!r}")


@torch.no_grad()
def _initial(gate: Gate, values: Tensor, init: str | Mapping[str, float] | None) -> Tensor:
    if init is None:
        return new_score(gate.switch, values)
    if isinstance(init, str):
        score = gate.score(init).detach().clone()
    else:
        score = gate.switch.score(combine({name: gate.levels(name) for name in init}, init))
    return nn.Parameter(score) if isinstance(values, nn.Parameter) else score


def combine(tensors: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
    """Σ weight · tensor in the tensors' dtype; counters (integers) take the nearest whole number."""
    total = sum(weight * tensors[name].double() for name, weight in weights.items())
    assert isinstance(total, Tensor)
    like = next(iter(tensors.values()))
    return (total if like.is_floating_point() else total.round()).to(like.dtype)
