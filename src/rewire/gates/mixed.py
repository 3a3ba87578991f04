"""Batches whose rows belong to different tasks, and gated weights that are computed once."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from rewire.errors import choice
from rewire.gates.active import active_task, switch, tasks_of
from rewire.gates.parts import gates


def mixed(model: nn.Module, x: Any, task_ids: Tensor | Sequence[int] | Sequence[str]) -> Any:
    """model(x) where row i of the batch belongs to task task_ids[i].

    Rows are grouped by task, each group passes through the whole model once, and the outputs return to their places:
    exact for every layer in evaluation mode (in training mode a BatchNorm sees each task's rows by themselves).
    Wrap many calls in `rewire.cached(model)` to compute each task's weights once.

    Args:
        x: a tensor with the batch first, or a nest (tuple, list, dict) of such tensors and of other things, which are
            passed on as they are; the model gets it as its one argument.
        task_ids: for each row, a task's name or its index in `rewire.tasks_of(model)`.

    Returns what the model returns, rows in the order of x, and None for objects inside that are no tensors, numbers or
    strings, such as caches: they cannot be split by rows. The active task is the same afterwards.

    Raises ValueError for an unknown task id, a number of ids other than the batch size, and outputs without the batch
    first or with numbers that differ between tasks; TypeError for outputs without tensors.

    >>> model = rewire.gate(nn.Linear(2, 1), tasks=["day", "night"])
    >>> rewire.mixed(model, torch.zeros(3, 2), ["night", "day", "night"]).shape
    torch.Size([3, 1])
    """
    tasks, current = tasks_of(model), active_task(model)
    ids = _indices(task_ids, tasks, _batch_size(x))
    order = torch.argsort(ids, stable=True)
    groups = order.split(torch.bincount(ids, minlength=len(tasks)).tolist())
    outputs = []
    try:
        for task, rows in zip(tasks, groups, strict=True):
            if len(rows):
                outputs.append(_checked(switch(model, task)(_pick(x, rows)), len(rows)))
    finally:
        switch(model, current)
    return _pick(pytree.tree_map(_join, *outputs), torch.argsort(order))


def _batch_size(x: Any) -> int:
    sizes = {leaf.shape[:1] for leaf in pytree.tree_leaves(x) if isinstance(leaf, Tensor)}
    if len(sizes) != 1 or not all(sizes):
        got = sorted(list(size) for size in sizes)
        raise ValueError(f"x must hold tensors with one batch size, batch first; got first sizes {got}")
    return sizes.pop()[0]


def _indices(task_ids: Tensor | Sequence[int] | Sequence[str], tasks: list[str], size: int) -> Tensor:
    ids = task_ids.flatten().tolist() if isinstance(task_ids, Tensor) else list(task_ids)
    if len(ids) != size or not size:
        raise ValueError(f"task_ids must name one task for each of the {size} rows (at least one); got {len(ids)}")
    index = dict(zip(tasks, range(len(tasks)), strict=True)) | {i: i for i in range(len(tasks))}
    for task in ids:
        if task not in index:
            raise choice("task_ids", tasks, task, f"or an index from 0 to {len(tasks) - 1}")
    return torch.tensor([index[task] for task in ids])


def _pick(nest: Any, rows: Tensor) -> Any:
    def pick(leaf: Any) -> Any:
        return leaf.index_select(0, rows.to(leaf.device)) if isinstance(leaf, Tensor) else leaf

    return pytree.tree_map(pick, nest)


def _checked(output: Any, rows: int) -> Any:
    leaves = pytree.tree_leaves(output)
    if leaves and not any(isinstance(leaf, Tensor) for leaf in leaves):
        raise TypeError(f"model must return tensors, or tuples, lists and dicts of them; got a {type(output).__name__}")
    for leaf in leaves:
        if isinstance(leaf, Tensor) and leaf.shape[:1] != (rows,):
            raise ValueError(f"model must return tensors with the batch first; got {list(leaf.shape)} for {rows} rows")
    return output


def _join(*leaves: Any) -> Any:
    if isinstance(leaves[0], Tensor):
        return torch.cat(leaves)
    if not isinstance(leaves[0], str | int | float):
        return None  # a cache of keys and values, say: the first task's would pass for that of all rows
    for leaf in leaves:
        if leaf != leaves[0]:
            raise ValueError(f"model must return one number per row, as a tensor; got {leaves[0]!r} and {leaf!r}")
    return leaves[0]


@contextmanager
def cached(model: nn.Module) -> Iterator[nn.Module]:
    """Within this context each task's gated weights are computed once and kept: for serving, without gradients.

    Costs one copy of the gated weights per task used. Do not change weights or scores inside.
    Raises ValueError for a model without gates.

    >>> model = rewire.gate(nn.Linear(2, 1), tasks=["day", "night"])
    >>> with rewire.cached(model):
    ...     y = rewire.mixed(model, torch.zeros(3, 2), [0, 1, 1])
    """
    before = [(gate, gate.cache) for gate in gates(model).values()]
    for gate, _ in before:
        gate.cache = {}
    try:
        with torch.no_grad():
            yield model
    finally:
        for gate, cache in before:
            gate.cache = cache
