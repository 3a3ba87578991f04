"""What a run of linear networks does: train the block of seeds, and measure every seed now and then.

The networks are so small that they train on the CPU, whatever the device.
"""

from collections.abc import Iterator
from typing import Any

from torch import Tensor

from rewire.experiments.light_switch.linear.block import Block, effective, levels, make_block
from rewire.experiments.light_switch.linear.config import Linear
from rewire.experiments.light_switch.linear.lockstep import train
from rewire.experiments.recipe import Context
from rewire.training import Checkpoint


def train_and_measure(config: Linear, context: Context) -> None:
    """Train the seeds of run `context.seed`; records carry each network's own seed.

    `mse`: test error, the mean over tasks. Of gated networks also `wrong`: the share of masks on the wrong side of 1/2,
    and at the end the largest errors of values and masks (see `recovery`).
    """
    block = make_block(config, context.seed)

    def measure(networks: Tensor, step: int) -> Iterator[dict[str, Any]]:
        columns = {"mse": test_errors(config, block, networks).mean(1)}
        if config.model in ("gated", "hard"):
            columns["wrong"] = wrong_masks(config, block, networks)
            columns |= recovery(config, block, networks) if step == config.steps else {}
        numbers = {name: column.tolist() for name, column in columns.items()}
        for place, seed in enumerate(config.seeds(context.seed)):
            yield {"seed": seed, "split": "test"} | {name: column[place] for name, column in numbers.items()}

    checkpoint = Checkpoint(context.directory)
    train(config, block, measure, sink=context.sink, checkpoint=checkpoint, progress=context.progress)
    checkpoint.clear()


def test_errors(config: Linear, block: Block, networks: Tensor) -> Tensor:
    """Mean squared test error of every seed and task, [R, T]."""
    layers = effective(config, networks).unflatten(2, (config.d_out, -1))
    return (block.test_x @ layers.transpose(2, 3) - block.test_y).square().mean((2, 3))


def wrong_masks(config: Linear, block: Block, networks: Tensor) -> Tensor:
    """The share of each seed's masks, of weights and biases, that rounding would not make right: [R]."""
    return (levels(config, networks[:, 1:]) - block.masks).abs().gt(0.5).double().mean((1, 2))


def recovery(config: Linear, block: Block, networks: Tensor) -> dict[str, Tensor]:
    """Largest |W − A| and |mask − truth| of each seed, [R] each, over the entries that some task has switched on.

    An entry that no task uses leaves no trace in the data: any value with a closed mask, or zero with any mask, fits.
    With biases as `value_error` and `mask_error`, without them as `weight_value_error` and `weight_mask_error`.
    """
    seen = block.masks.amax(1, keepdim=True)
    errors = {
        "value_error": (networks[:, :1] - block.values).abs() * seen,
        "mask_error": (levels(config, networks[:, 1:]) - block.masks).abs() * seen,
    }
    weights = {f"weight_{name}": _without_bias(error, config) for name, error in errors.items()}
    return {name: error.flatten(1).amax(1) for name, error in (errors | weights).items()}


def _without_bias(rows: Tensor, config: Linear) -> Tensor:
    return rows.unflatten(-1, (config.d_out, -1))[..., :-1]
