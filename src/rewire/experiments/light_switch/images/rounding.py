"""Masks as bits: the accuracy that rounding costs, and the bytes that a task then takes."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from torch import nn

import rewire
from rewire.tasks import Task
from rewire.training import evaluate

ROUNDED = "rounded"


def rounding_rows(model: nn.Module, tasks: Sequence[Task], directory: Path) -> Iterator[dict]:
    """Round the model's masks (in place), save it, and tell what changed.

    Rows: {"rounding": task, "undecided", "before", "after", "change"} in accuracy for each task, and {"stored": a
    task's name or "values", "bytes", "weights"} for each file.
    """
    by_name = {task.name: task for task in tasks}

    def accuracy(gated: nn.Module) -> float:
        return evaluate(gated, by_name[rewire.active_task(gated)])["accuracy"]

    for name, report in rewire.binarize(model, accuracy).items():
        yield {"rounding": name} | report
    weights = sum(tensor.numel() for tensor in rewire.gates.values(model).values())
    rewire.save(model, directory)
    for index, name in enumerate(by_name):
        yield {"stored": name, "bytes": _bytes(directory, f"task-{index}-*"), "weights": weights}
    yield {"stored": "values", "bytes": _bytes(directory, "values-*"), "weights": weights}


def _bytes(directory: Path, pattern: str) -> int:
    return sum(path.stat().st_size for path in directory.glob(pattern))
