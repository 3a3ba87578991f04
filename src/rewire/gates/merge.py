"""`merge`: one task's network as an ordinary module. `binarize`: masks rounded to 0 and 1."""

import copy
from collections.abc import Callable

import torch
from torch import nn
from torch.nn.utils import parametrize

from rewire.gates.attach import forget_flat_weights
from rewire.gates.gate import active_task, gates, masked_gates, masks, require_task, slots, switch, tasks_of
from rewire.gates.switches import Hard


def merge(model: nn.Module, task: str) -> nn.Module:
    """One task's network as a plain module with weights values ⊙ mask: no gate inside, tied parameters tied again.

    The gated model is left as it is, and the result shares no memory with it. What is merged cannot be switched or
    merged again: a weight that a mask turned off is zero, and no division brings it back.

    Raises ValueError for an unknown task or a model without gates.

    >>> model = rewire.gate(nn.Linear(2, 1), tasks=["day"])
    >>> type(rewire.merge(model, "day")).__name__
    'Linear'
    """
    require_task(model, task)
    gates(model)
    for module in model.modules():
        if isinstance(module, nn.RNNBase) and parametrize.is_parametrized(module):
            forget_flat_weights(module)
    plain = switch(_copy_for(model, task), task)
    tied: dict[int, nn.Parameter] = {}
    for module in {id(module): module for _, module, _, _ in slots(plain)}.values():
        _give_own_class(module)
    for _, module, tensor_name, gate in list(slots(plain)):
        parametrize.remove_parametrizations(module, tensor_name, leave_parametrized=True)
        if tensor_name in module._parameters:
            setattr(module, tensor_name, tied.setdefault(id(gate), getattr(module, tensor_name)))
    for module in plain.modules():
        if isinstance(module, nn.RNNBase):
            _restore_flat_weights(module)
    return plain


def _copy_for(model: nn.Module, task: str) -> nn.Module:
    """A deep copy that does not copy the scores of other tasks."""
    others = [part.score(name) for part in gates(model).values() for name in part.tasks if name != task]
    return copy.deepcopy(model, {id(score): score for score in others})


def _give_own_class(module: nn.Module) -> None:
    """torch makes a class for each parametrized module but copies share it: taking a copy's gates off would break the original."""
    kind = type(module)
    members = {key: value for key, value in vars(kind).items() if key not in ("__dict__", "__weakref__")}
    module.__class__ = type(kind.__name__, kind.__bases__, members)


def _restore_flat_weights(module: nn.RNNBase) -> None:
    for key, hook in list(module._forward_hooks.items()):
        if hook is forget_flat_weights:
            del module._forward_hooks[key]
    module._init_flat_weights()


@torch.no_grad()
def binarize(
    model: nn.Module,
    evaluate: Callable[[nn.Module], float] | None = None,
    undecided: tuple[float, float] = (0.05, 0.95),
) -> dict[str, dict[str, float]]:
    """Round every mask to 0 or 1, in place, so that one bit stores it (Blum & Law 2020, §4).

    A `Sigmoid` gate becomes a `Hard` one with the same scores: 1[score > 0] is σ(score) rounded.

    Args:
        evaluate: called with the model switched to each task, before and after; returns its accuracy, say.
        undecided: masks strictly between these bounds count as undecided before rounding.

    Returns:
        {task: {"undecided": fraction, and with `evaluate`: "before", "after", "change"}}

    >>> model = rewire.gate(nn.Linear(2, 1), tasks=["day"], switch=rewire.Sigmoid(mean=0.1))
    >>> rewire.binarize(model)
    {'day': {'undecided': 1.0}}
    """
    report = {task: {"undecided": _undecided(model, task, undecided)} for task in tasks_of(model)}
    before = _scores_of(model, evaluate)
    for gate in masked_gates(model).values():
        if not gate.switch.binary:
            gate.switch = Hard()
    after = _scores_of(model, evaluate)
    for task in before:
        report[task] |= {"before": before[task], "after": after[task], "change": after[task] - before[task]}
    return report


def _undecided(model: nn.Module, task: str, bounds: tuple[float, float]) -> float:
    flat = torch.cat([mask.flatten() for mask in masks(model, task).values()])
    return ((flat > bounds[0]) & (flat < bounds[1])).double().mean().item()


def _scores_of(model: nn.Module, evaluate: Callable[[nn.Module], float] | None) -> dict[str, float]:
    if evaluate is None:
        return {}
    current = active_task(model)
    try:
        return {task: float(evaluate(switch(model, task))) for task in tasks_of(model)}
    finally:
        switch(model, current)
