"""`binarize`: masks rounded to 0 and 1, and what that costs."""

from collections.abc import Callable

import torch
from torch import nn

from rewire.gates.active import restored, switch, tasks_of
from rewire.gates.gate import Gate
from rewire.gates.parts import masked_gates, masks
from rewire.gates.switches import Hard, Sigmoid


@torch.no_grad()
def binarize(
    model: nn.Module,
    evaluate: Callable[[nn.Module], float] | None = None,
    undecided: tuple[float, float] = (0.05, 0.95),
) -> dict[str, dict[str, float]]:
    """Round every mask to 0 or 1, in place, so that one bit stores it (Blum & Law 2020, §4).

    A `Sigmoid` or `Bernoulli` gate becomes a `Hard` one with the same scores: 1[score > 0] is σ(score) rounded.

    Args:
        evaluate: called with the model switched to each task, before and after; returns its accuracy, say.
        undecided: masks strictly between these bounds count as undecided before rounding.

    Returns:
        {task: {"undecided": fraction, and with `evaluate`: "before", "after", "change"}}

    Raises ValueError for a model without masks.

    >>> model = rewire.gate(nn.Linear(2, 1), tasks=["day"], switch=rewire.Sigmoid(mean=0.1))
    >>> rewire.binarize(model)
    {'day': {'undecided': 1.0}}
    """
    report = {task: {"undecided": _undecided(model, task, undecided)} for task in tasks_of(model)}
    before = _measure(model, evaluate)
    for gate in masked_gates(model).values():
        _round(gate)
    after = _measure(model, evaluate)
    for task in before:
        report[task] |= {"before": before[task], "after": after[task], "change": after[task] - before[task]}
    return report


def _round(gate: Gate) -> None:
    if gate.switch.binary:
        return
    if not isinstance(gate.switch, Sigmoid):  # then a score says nothing to Hard, only its mask does
        for task in gate.tasks:
            gate.score(task).copy_(Hard().score((gate.mask(task) > 0.5).to(gate.active.dtype)))
    gate.switch, gate.stream = Hard(rescale=getattr(gate.switch, "rescale", False)), None


def _undecided(model: nn.Module, task: str, bounds: tuple[float, float]) -> float:
    flat = torch.cat([mask.flatten() for mask in masks(model, task).values()])
    return ((flat > bounds[0]) & (flat < bounds[1])).double().mean().item()


def _measure(model: nn.Module, evaluate: Callable[[nn.Module], float] | None) -> dict[str, float]:
    if evaluate is None:
        return {}
    with restored(model):
        return {task: float(evaluate(switch(model, task))) for task in tasks_of(model)}
