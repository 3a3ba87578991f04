"""What `fit` can know to be wrong before it takes a step."""

from collections.abc import Sequence

import torch
from torch import nn

from rewire.errors import choice
from rewire.gates import per_task, tasks_of
from rewire.tasks import Task


def check_tasks(model: nn.Module, trained: Sequence[Task], evaluated: Sequence[Task]) -> None:
    """Raise for tasks that are none, two of one name, without examples, or not among the model's own.

    A task is drawn at random, so one that the model lacks might otherwise stop a run after hours.
    """
    for tasks in (trained, evaluated):
        if isinstance(tasks, str | Task) or not isinstance(tasks, Sequence):
            raise TypeError(f"tasks must be a list of tasks; got {type(tasks).__name__}: write [task] or list(tasks)")
    names = [task.name for task in trained]
    if not names:
        raise ValueError("tasks must hold at least one task; got an empty list")
    if len(set(names)) < len(names):
        raise ValueError(f"tasks must have distinct names; got {names}")
    for task in trained:
        if not len(task.train):
            raise ValueError(f"tasks must have training examples; got none for {task.name!r}")
    known = tasks_of(model) if per_task(model) else None
    for task in (*trained, *evaluated):
        if known is not None and task.name not in known:
            raise choice("task", known, task.name, "gate the model for it, or add it with rewire.add_task")


def check_stepping(steps: int, optimizer: torch.optim.Optimizer, scheduler: object, start: int = 0) -> None:
    """Raise for impossible counts of steps, and for optimizers and schedulers whose step needs more than a gradient."""
    if steps < 0:
        raise ValueError(f"steps must be at least 0; got {steps}")
    if not 0 <= start <= steps:
        raise ValueError(f"start must be from 0 to {steps}, the steps in all; got {start}: begin before the end")
    if isinstance(optimizer, torch.optim.LBFGS):
        raise TypeError("optimizer must step from one gradient; got LBFGS, which needs a closure: write your own loop")
    if isinstance(scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau):
        raise TypeError("scheduler must step without a metric; got ReduceLROnPlateau: choose another")


def all_finite(model: nn.Module) -> bool:
    """Whether every trained parameter is finite; a step can spoil one although its loss was a number."""
    return all(bool(p.isfinite().all()) for p in model.parameters() if p.requires_grad)
