"""Batches whose rows belong to different tasks, and gated weights that are computed once."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from rewire.errors import choice
from rewire.gates.gate import active_task, gates, switch, tasks_of

Batch = TypeVar("Batch")


def mixed(model: nn.Module, x: Batch, task_ids: Tensor | Sequence[int] | Sequence[str]) -> object:
    """model(x) where row i of the batch belongs to task task_ids[i].

    Rows are grouped by task, each group passes through the whole model once, and the outputs return to their places:
    exact for every layer in evaluation mode (in training mode a BatchNorm sees each task's rows by themselves).
    Wrap many calls in `rewire.cached(model)` to compute each task's weights once.

    Args:
        x: a tensor with the batch first, or any nest of such tensors, passed to the model as it is.
        task_ids: for each row, a task's name or its index in `rewire.tasks_of(model)`.

    Returns what the model returns, rows in the order of x; the active task is the same afterwards.

    Raises ValueError for an unknown task id or a number of ids other than the batch size.

    >>> model = rewire.gate(nn.Linear(2, 1), tasks=["day", "night"])
    >>> rewire.mixed(model, torch.zeros(3, 2), ["night", "day", "night"]).shape
    torch.Size([3, 1])
    """
    tasks, current = tasks_of(model), active_task(model)
    size = len(pytree.tree_leaves(x)[0])
    ids = _indices(task_ids, tasks, size)
    order = torch.argsort(ids, stable=True)
    counts = torch.bincount(ids, minlength=len(tasks)).tolist()
    back = torch.argsort(order)
    parts = []
    try:
        for task, rows in zip(tasks, order.split(counts), strict=True):
            if len(rows):
                switch(model, task)
                parts.append(model(pytree.tree_map(lambda leaf, rows=rows: leaf[rows.to(leaf.device)], x)))
    finally:
        switch(model, current)
    return pytree.tree_map(lambda *leaves: torch.cat(leaves)[back.to(leaves[0].device)], *parts)


def _indices(task_ids: Tensor | Sequence[int] | Sequence[str], tasks: list[str], size: int) -> Tensor:
    ids = task_ids.flatten().tolist() if isinstance(task_ids, Tensor) else list(task_ids)
    if len(ids) != size or not size:
        raise ValueError(f"task_ids must name one task for each of the {size} rows (at least one); got {len(ids)}")
    index = dict(zip(tasks, range(len(tasks)), strict=True)) | {i: i for i in range(len(tasks))}
    for task in ids:
        if task not in index:
            raise choice("task_ids", tasks, task, f"or an index from 0 to {len(tasks) - 1}")
    return torch.tensor([index[task] for task in ids])


@contextmanager
def cached(model: nn.Module) -> Iterator[nn.Module]:
    """Within this context each task's gated weights are computed once and kept: for serving, without gradients.

    Costs one copy of the gated weights per task used. Do not change weights or scores inside.

    >>> model = rewire.gate(nn.Linear(2, 1), tasks=["day", "night"])
    >>> with rewire.cached(model):
    ...     y = rewire.mixed(model, torch.zeros(3, 2), [0, 1, 1])
    """
    found = list(gates(model).values())
    for gate in found:
        gate._cache = {}
    try:
        with torch.no_grad():
            yield model
    finally:
        for gate in found:
            gate._cache = None
