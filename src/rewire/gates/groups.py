"""What an optimizer needs to know of a gated model: its parameter groups, and the regularisers of its scores."""

import re
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from rewire.gates.gate import Gate, gates, masked_gates, require_task, tasks_of


def param_groups(
    model: nn.Module,
    lr: float,
    speed: str | float = "4T",
    *,
    tasks: Iterable[str] | None = None,
    **score_options: object,
) -> list[dict[str, object]]:
    """Two groups for any torch optimizer: everything shared at `lr`, scores at `speed` · `lr`.

    A task's scores move only when it is drawn, once in T steps, and through σ' ≤ 1/4: hence 4·T (Blum & Law 2020,
    §3.1; the authors' code has 3·T).

    Args:
        speed: "4T" (default), "3T" or any "<number>T" times the number of tasks; a plain number is taken as it is.
        tasks: only these tasks' own parameters and no shared one: the group to add after `add_task`.
        score_options: further options of the scores' group, such as weight_decay=0.

    Raises ValueError for a model without gates, an unknown task, or a `speed` that is neither form.

    >>> model = rewire.gate(nn.Linear(2, 1), tasks=["day", "night"])
    >>> [group["lr"] for group in rewire.param_groups(model, lr=1e-3)]
    [0.001, 0.008]
    """
    known = tasks_of(model)
    chosen = known if tasks is None else list(tasks)
    for task in chosen:
        require_task(model, task)
    per_task = {id(gate.score(task)) for gate in gates(model).values() for task in known}
    masked = masked_gates(model).values()
    scores = [gate.score(task) for gate in _distinct(masked) for task in chosen]
    wanted = {id(gate.score(task)) for gate in gates(model).values() for task in chosen} - {id(s) for s in scores}
    rest = [
        p
        for p in model.parameters()
        if p.requires_grad and (id(p) in wanted or (tasks is None and id(p) not in per_task))
    ]
    groups = [
        {"params": rest, "lr": lr},
        {"params": [s for s in scores if s.requires_grad], "lr": lr * score_speed(speed, len(known)), **score_options},
    ]
    return [group for group in groups if group["params"]]


def score_speed(speed: str | float, tasks: int) -> float:
    """The factor that "4T" stands for with this many tasks."""
    if isinstance(speed, str):
        match = re.fullmatch(r"(\d+(?:\.\d+)?)(T?)", speed)
        if match and float(match[1]) > 0:
            return float(match[1]) * (tasks if match[2] else 1)
    elif isinstance(speed, (int, float)) and speed > 0:
        return float(speed)
    raise ValueError(f"speed must be a number > 0 or '<number>T' such as '4T' or '3T' (times the tasks); got {speed!r}")


def absolute(model: nn.Module) -> Tensor:
    """Σ exp(−|s|) over the active task's scores (Blum & Law 2020, eq. 4): pushes masks away from 1/2.

    >>> rewire.gates.absolute(rewire.gate(nn.Linear(2, 1), tasks=["day"]))
    tensor(3., grad_fn=<SumBackward0>)
    """
    return torch.stack([torch.exp(-gate.active.abs()).sum() for gate in _distinct(masked_gates(model).values())]).sum()


def gaussian(model: nn.Module) -> Tensor:
    """Σ exp(−s²) over the active task's scores (Blum & Law 2020, eq. 5); its gradient peaks at |s| = 1/√2."""
    return torch.stack(
        [torch.exp(-gate.active.square()).sum() for gate in _distinct(masked_gates(model).values())]
    ).sum()


def _distinct(found: Iterable[Gate]) -> list[Gate]:
    """Tied tensors stand under several names but share one gate: each gate once."""
    return list({id(gate): gate for gate in found}.values())
