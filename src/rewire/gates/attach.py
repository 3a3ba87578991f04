"""`gate`: put per-task gates on a model, in place."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from rewire.errors import choice
from rewire.gates.gate import Gate
from rewire.gates.selection import (
    Selection,
    Slot,
    gateable,
    refuse_unsuitable,
    refuse_unsuitable_modules,
    select,
    statistic_slots,
)
from rewire.gates.switches import Own, Sigmoid, Switch


def gate(
    model: nn.Module,
    tasks: Sequence[str],
    switch: Switch | None = None,
    *,
    train_values: bool = True,
    modules: Selection | None = None,
    biases: bool = True,
    own: Selection = (),
    statistics: str = "task",
    preserve: bool = False,
    generator: torch.Generator | None = None,
) -> nn.Module:
    """Give every task its own switch on each weight: w_task = values ⊙ switch(score_task), in place.

    Blum & Law 2020, eq. 2: θ = θ_W ⊙ σ(θ_M^(task)). The first task is active afterwards.

    Args:
        model: any module; it is changed in place and returned. Tied parameters stay tied and share one gate.
        tasks: their names, at least one, no two alike.
        switch: how scores become masks: `Sigmoid()` (default), `Hard()`, or one of your own.
        train_values: False freezes the gated values, so that only scores are trained.
        modules: which modules to gate: a type, a name pattern ("encoder.*"), a predicate (name, module) -> bool,
            or a list of these. Default: every module with parameters, except normalisation layers.
        biases: gate biases too.
        own: parameters (same kinds of selector) that each task has for itself instead of sharing: heads, biases.
        statistics: "task" gives each task its own running statistics of normalisation layers, "shared" leaves them be.
        preserve: divide the values by the initial mask (eq. 3), so that the gated model equals the plain one at step 0.
        generator: CPU generator for random initial scores.

    Raises:
        ValueError: no tasks, duplicate tasks, nothing to gate, or a tensor that cannot be gated (lazily initialised,
            quantised, sparse, already parametrized); the model is then as it was.

    >>> model = rewire.gate(nn.Linear(784, 10), tasks=["day", "night"], switch=rewire.Hard())
    >>> rewire.switch(model, "night")(torch.zeros(1, 784)).shape
    torch.Size([1, 10])
    """
    names = check_tasks(tasks)
    switch = Sigmoid() if switch is None else switch
    if not isinstance(switch, Switch):
        raise TypeError(f"switch must be an instance such as rewire.Sigmoid() or rewire.Hard(); got {switch!r}")
    if statistics not in ("task", "shared"):
        raise choice("statistics", ["task", "shared"], statistics)
    refuse_unsuitable_modules(model, modules)
    plan: dict[Slot, Switch] = dict.fromkeys(gateable(model, modules, biases), switch)
    plan |= dict.fromkeys(select(model, own, "own"), Own())
    if not plan:
        raise ValueError(f"model must have parameters to gate; {type(model).__name__} with these options has none")
    for slot in plan:
        refuse_unsuitable(slot)
    if statistics == "task":
        plan |= dict.fromkeys(statistic_slots(model), Own())
    factor = _initial_mask(switch) if preserve else 1.0
    attach(model, plan, names, generator)
    _prepare_values(plan, train_values, factor)
    return model


def attach(
    model: nn.Module, plan: Mapping[Slot, Switch], tasks: Sequence[str], generator: torch.Generator | None
) -> None:
    """Register a gate on every slot of the plan; slots that hold the same tensor share one."""
    shared: dict[int, Gate] = {}
    tensors = {slot: slot.tensor for slot in plan}  # read before any is replaced
    for slot, switch in plan.items():
        tensor = tensors[slot]
        if id(tensor) not in shared:
            shared[id(tensor)] = Gate(switch, tasks, [new_score(switch, tensor, generator) for _ in tasks])
        # unsafe=True only skips torch's trial run of the parametrization: shape and dtype are ours to keep.
        parametrize.register_parametrization(slot.module, slot.tensor_name, shared[id(tensor)], unsafe=True)
        if isinstance(slot.module, nn.RNNBase):
            slot.module.register_forward_hook(forget_flat_weights)


def new_score(switch: Switch, tensor: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """A task's initial score for a tensor: a parameter for a parameter, a buffer for a buffer."""
    score = switch.initial(tensor.detach(), generator)
    return nn.Parameter(score) if isinstance(tensor, nn.Parameter) else score


def forget_flat_weights(module: nn.RNNBase, *_: object) -> None:
    """RNN layers keep the gated weights of their last pass, which no copy of the module could hold: keep the values."""
    chains = module.parametrizations
    module._flat_weights = [
        chains[name].original if name in chains else module._parameters.get(name)  # type: ignore[index, operator]
        for name in module._flat_weights_names
    ]


def check_tasks(tasks: Sequence[str]) -> list[str]:
    if isinstance(tasks, str) or not all(isinstance(task, str) for task in tasks):
        raise TypeError(f"tasks must be a list of names such as ['day', 'night']; got {tasks!r}")
    names = list(tasks)
    if not names:
        raise ValueError("tasks must name at least one task; got an empty list")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(
            f"tasks must be distinct; {twice!r} stands {names.count(twice)} times: give each task one name"
        )
    return names


def _initial_mask(switch: Switch) -> float:
    """The one number that every initial mask equals; only then can one set of values undo it for all tasks."""
    mask = switch.mask(switch.initial(torch.zeros(2, dtype=torch.float64), None))
    if getattr(switch, "std", 0.0) or not mask[0] > 0:
        raise ValueError(
            f"preserve needs equal initial masks above 0 for all tasks; got {switch}: set std=0 or preserve=False"
        )
    return float(mask[0])


@torch.no_grad()
def _prepare_values(plan: Mapping[Slot, Switch], train_values: bool, factor: float) -> None:
    gated = [slot for slot, switch in plan.items() if not isinstance(switch, Own)]
    distinct = {
        id(tensor): tensor for tensor in (slot.module.parametrizations[slot.tensor_name].original for slot in gated)
    }
    for tensor in distinct.values():
        tensor.div_(factor)
        if not train_values:
            tensor.requires_grad_(False)
