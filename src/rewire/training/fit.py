"""`fit`: the one training loop. Baselines are the same loop with other models."""

import math
import time
import warnings
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from rewire.gates import per_task, switch
from rewire.tasks import Task
from rewire.training.checkpoint import Checkpoint, Stateful, model_part
from rewire.training.checks import all_finite, check_stepping, check_tasks
from rewire.training.evaluate import autocast, device_of, evaluate
from rewire.training.interrupt import deferred_interrupt
from rewire.training.order import Order
from rewire.training.streams import Streams

Record = Mapping[str, Any]


class Sink(Protocol):
    """Where records go: `write` one; `truncate` forgets those after a step, when an interrupted run resumes."""

    def write(self, record: Mapping[str, Any]) -> None: ...
    def truncate(self, step: int) -> None: ...


class NonFiniteLoss(RuntimeError):
    """The loss became NaN or infinite; the last good checkpoint is kept."""


def fit(
    model: nn.Module,
    tasks: Sequence[Task],
    optimizer: torch.optim.Optimizer,
    *,
    steps: int,
    start: int = 0,
    batch_size: int,
    streams: Streams,
    scheduler: Stateful | None = None,
    penalty: Callable[[nn.Module], Tensor] | None = None,
    evaluate_at: Container[int] = (),
    evaluated: Sequence[Task] | None = None,
    measure: Callable[[nn.Module, int], Iterable[Record]] | None = None,
    sink: Sink | None = None,
    checkpoint: Checkpoint | None = None,
    progress: Callable[[Record], None] | None = None,
    order: str = "replacement",
    precision: str = "fp32",
    channels_last: bool = False,
    set_to_none: bool = True,
) -> None:
    """Train: draw a task uniformly, switch to it, take one step; evaluate all tasks now and then; resume exactly.

    Args:
        steps: optimizer steps in all, over all tasks. batch_size: examples of the drawn task per step.
        start: the number of steps before this run. Tasks, batches and the (fresh) scheduler begin where that many
            steps leave them, so that training to k and, with another optimizer, from k sees the batches of one run.
        scheduler: stepped after every step. penalty: a regulariser of the model, added to the task's loss.
        evaluate_at: the steps after which test loss and metric are recorded; `measure` adds records then.
        evaluated: the tasks recorded then; by default all that are trained.
        sink, checkpoint, progress: where records, states and the live line's numbers go.
        order: "replacement" or "epochs". precision: "fp32" or "bf16" (autocast). channels_last: for convolutions.
        set_to_none: False clears gradients to zeros as torch 1.6 did, so that momentum moves the scores of other tasks.

    Raises NonFiniteLoss naming step and task; ValueError for tasks that are none, empty or unknown to the model, an
    unknown order or precision, and a checkpoint of another run; KeyboardInterrupt, for Ctrl-C and SIGTERM, after
    saving at the end of the step.
    """
    evaluated = tasks if evaluated is None else evaluated
    check_tasks(model, tasks, evaluated)
    check_stepping(steps, optimizer, scheduler, start)
    device = device_of(model)
    if channels_last:
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    score = partial(evaluate, precision=precision, channels_last=channels_last)
    draws, shown = Order(order, batch_size, streams), time.monotonic()
    parts: dict[str, Stateful] = {"model": model_part(model), "optimizer": optimizer, "order": draws}
    parts |= {} if scheduler is None else {"scheduler": scheduler}
    model.train()
    with streams.layers(device), deferred_interrupt() as interrupted:
        saved = _resume(checkpoint, sink, parts, streams, device, start)
        step = start if saved is None else saved
        if step > steps:
            raise ValueError(f"steps must be at least {step}, which the checkpoint has taken; got {steps}")
        if step < start:
            raise ValueError(f"start must be at most {step}, where the checkpoint is; got {start}: clear it")
        if saved is None:
            _skip(start, tasks, draws, streams, scheduler, device)
        if saved is None and start in evaluate_at:
            _record(model, evaluated, start, sink, measure, score)
        while step < steps:
            task, x, y = _draw(tasks, draws, streams, device)
            x = x.contiguous(memory_format=torch.channels_last) if channels_last else x
            loss = _step(model, optimizer, task, x, y, penalty, autocast(device, precision), set_to_none)
            step += 1
            if not math.isfinite(loss):
                raise NonFiniteLoss(f"loss must stay finite; got {loss} at step {step}, task {task.name!r}: lower lr")
            if scheduler is not None:
                scheduler.step()  # type: ignore[attr-defined]
            if step in evaluate_at:
                _record(model, evaluated, step, sink, measure, score)
            if progress is not None and time.monotonic() - shown > 0.2:
                shown = time.monotonic()
                progress({"step": step, "steps": steps, "task": task.name, "loss": loss})
            if checkpoint is not None and (checkpoint.due() or interrupted()) and all_finite(model):
                checkpoint.save(step, parts, streams.state(device))
            if interrupted():
                raise KeyboardInterrupt


def _draw(tasks: Sequence[Task], draws: Order, streams: Streams, device: torch.device) -> tuple[Task, Tensor, Tensor]:
    task = tasks[int(torch.randint(len(tasks), (), generator=streams["tasks"]))]
    return task, *task.train.batch(draws.next(task).to(device), streams["data"])


def _skip(
    steps: int,
    tasks: Sequence[Task],
    draws: Order,
    streams: Streams,
    scheduler: Stateful | None,
    device: torch.device,
) -> None:
    """Draw what so many steps would have drawn, augmentations included, and take the scheduler there."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Detected call of `lr_scheduler.step", UserWarning)  # no step was to be taken
        for _ in range(steps):
            _draw(tasks, draws, streams, device)
            if scheduler is not None:
                scheduler.step()  # type: ignore[attr-defined]


def _step(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    task: Task,
    x: Tensor,
    y: Tensor,
    penalty: Callable[[nn.Module], Tensor] | None,
    precision: torch.autocast,
    set_to_none: bool,
) -> float:
    if per_task(model):
        switch(model, task.name)
    optimizer.zero_grad(set_to_none)
    with precision:
        loss = task.loss(model(x), y)
        total = loss if penalty is None else loss + penalty(model)
    value = total.item()
    if math.isfinite(value):  # a step that cannot be taken back is not taken
        total.backward()
        optimizer.step()
    return value


def _resume(
    checkpoint: Checkpoint | None,
    sink: Sink | None,
    parts: dict[str, Stateful],
    streams: Streams,
    device: torch.device,
    start: int,
) -> int | None:
    """The step that a checkpoint had come to, everything being as it was then; None where there is none."""
    saved = checkpoint.restore(parts) if checkpoint is not None else None
    if saved is not None:
        streams.load(saved[1], device)
    if sink is not None:
        sink.truncate(start - 1 if saved is None else saved[0])
    return None if saved is None else saved[0]


def _record(
    model: nn.Module,
    tasks: Sequence[Task],
    step: int,
    sink: Sink | None,
    measure: Callable[[nn.Module, int], Iterable[Record]] | None,
    score: Callable[[nn.Module, Task], Record],
) -> None:
    if sink is None:
        return
    for task in tasks:
        sink.write({"step": step, "task": task.name, "split": "test"} | dict(score(model, task)))
    for extra in measure(model, step) if measure is not None else ():
        sink.write({"step": step, **extra})
