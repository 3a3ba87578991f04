"""Linear networks of many seeds trained in lockstep: `fit`'s mathematics, one batched step for all of them.

A step of so small a network is all overhead, so ten seeds cost what one does. Each seed draws tasks and batches from
its own streams, the very numbers that `fit` would draw, and its Adam counts its own steps; a test compares the two.
The gradient of a linear layer is written out (it is two matrix products), so that no graph is built.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from rewire.experiments.light_switch.linear.block import Block, levels
from rewire.experiments.light_switch.linear.config import Linear
from rewire.experiments.light_switch.linear.schedule import Schedule, Step
from rewire.training import Checkpoint, NonFiniteLoss
from rewire.training.fit import Sink
from rewire.training.interrupt import deferred_interrupt

DECAY, DECAY_SQUARE, EPSILON = 0.9, 0.999, 1e-8  # Adam's, as torch has them

Measure = Callable[[Tensor, int], Iterable[Mapping[str, Any]]]


class Table:
    """The networks' rows with Adam's two averages of their gradients: [R · (1 + T), 3, K]."""

    def __init__(self, rows: Tensor) -> None:
        flat = rows.flatten(0, 1)
        self.rows = torch.stack([flat, torch.zeros_like(flat), torch.zeros_like(flat)], 1)

    def networks(self, seeds: int) -> Tensor:
        """The rows as networks, [R, 1 + T, K]."""
        return self.rows[:, 0].unflatten(0, (seeds, -1))

    def state_dict(self) -> dict[str, Any]:
        return {"rows": self.rows}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.rows.copy_(state["rows"])


@torch.inference_mode()
def train(
    config: Linear,
    block: Block,
    measure: Measure,
    *,
    sink: Sink,
    checkpoint: Checkpoint | None = None,
    progress: Callable[[Mapping[str, Any]], None] = lambda state: None,
) -> None:
    """Train every network of the block; what `measure(networks [R, 1 + T, K], step)` yields goes to the sink.

    Raises NonFiniteLoss at the first evaluation that finds a network whose numbers are no longer finite, and
    KeyboardInterrupt after saving, at the next evaluation.
    """
    table, schedule, seeds = Table(block.rows), Schedule(config, block.streams), len(block.streams)
    saved = checkpoint.restore({"table": table}) if checkpoint is not None else None
    sink.truncate(-1 if saved is None else saved[0])
    step = 0
    with deferred_interrupt() as interrupted:
        for stop in config.evaluations():
            draws = schedule.draw(stop - step)  # drawn again when resuming, to come to the same place in every stream
            step = stop
            if saved is not None and step <= saved[0]:
                continue
            for draw in draws:
                take_step(config, table.rows, block.x, block.y, draw)
            _refuse_non_finite(table.networks(seeds), step)
            for record in measure(table.networks(seeds), step):
                sink.write({"step": step, **record})
            progress({"step": step, "steps": config.steps})
            if checkpoint is not None and (checkpoint.due() or interrupted()):
                checkpoint.save(step, {"table": table}, {})
            if interrupted():
                raise KeyboardInterrupt


def take_step(config: Linear, table: Tensor, x: Tensor, y: Tensor, draw: Step) -> None:
    """One step of every seed, in place: the rows of `table` that were drawn, at the examples of x and y that were."""
    used = table.index_select(0, draw.rows)
    seeds = len(draw.rows) // (2 if config.model in ("gated", "hard") else 1)
    inputs = x.index_select(0, draw.examples).unflatten(0, (seeds, -1))
    targets = y.index_select(0, draw.examples).unflatten(0, (seeds, -1))
    gradient = _gradient(config, used[:, 0], inputs, targets)
    if config.zero_grads:  # every row takes part, most with a gradient of zero
        _adam(table, torch.zeros_like(table[:, 0]).index_copy_(0, draw.rows, gradient), draw)
    else:
        _adam(used, gradient, draw)
        table.index_copy_(0, draw.rows, used)


def _gradient(config: Linear, rows: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Of every seed's mean squared error, with respect to its rows: values and then scores, or layers."""
    if config.model in ("shared", "separate"):
        return _layer_gradient(rows, x, y)
    values, scores = rows.chunk(2)
    masks = levels(config, scores)
    slope = masks if config.model == "gated" else scores.sigmoid()
    gradient = _layer_gradient(values * masks, x, y)
    return torch.cat([gradient * masks, gradient * values * (slope * (1 - slope))])


def _layer_gradient(layers: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """d/dw of mean (x wᵀ − y)², [R, K], for layers [R, K] at x [R, B, d_in + 1] and y [R, B, d_out]."""
    error = torch.baddbmm(y, x, layers.unflatten(1, (y.shape[2], -1)).transpose(1, 2), beta=-1)
    return torch.bmm(error.transpose(1, 2), x).mul_(2 / y[0].numel()).flatten(1)


def _adam(rows: Tensor, gradient: Tensor, draw: Step) -> None:
    """Adam (Kingma & Ba 2015) on rows [n, 3, K] in place; the bias corrections are in the step's sizes and scales."""
    parameters, mean, square = rows.unbind(1)
    mean.lerp_(gradient, 1 - DECAY)
    square.mul_(DECAY_SQUARE).addcmul_(gradient, gradient, value=1 - DECAY_SQUARE)
    parameters.addcdiv_(mean * draw.sizes, square.sqrt().mul_(draw.scales).add_(EPSILON), value=-1)


def _refuse_non_finite(networks: Tensor, step: int) -> None:
    finite = networks.flatten(1).isfinite().all(1)
    if not finite.all():
        broken = (~finite).nonzero().flatten().tolist()
        raise NonFiniteLoss(
            f"networks must stay finite; got NaN or infinity in {broken} of the block by step {step}: lower lr"
        )
