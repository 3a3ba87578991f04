"""Train a given ticket, or a control of one, from given values: what every question put to a ticket comes down to."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from rewire.files import read_json, write_json
from rewire.masks import Mask
from rewire.tickets import Phase, masked
from rewire.tickets.sparse import sparse
from rewire.training.checkpoint import FILE

REPORT = "report.json"


def retrain(
    model: nn.Module,
    values: Mapping[str, Tensor],
    mask: Mask,
    train: Callable[[nn.Module, Phase], dict[str, Any]],
    directory: Path,
    level: int = 0,
    start: int = 0,
    sparse_below: float | None = None,
) -> dict[str, Any]:
    """The report of training `model` under `mask` from `values` (a state dict), which are those of step `start`.

    directory: this training's own; a killed one goes on there, a finished one is read, not repeated. sparse_below: as
    `find` has it.
    """
    done = directory / REPORT
    if not done.exists():
        directory.mkdir(parents=True, exist_ok=True)
        model.load_state_dict(dict(values))
        with ExitStack() as stack:
            rest = mask if sparse_below is None else stack.enter_context(sparse(model, mask, sparse_below))
            stack.enter_context(masked(model, rest))
            report = train(model, Phase(level, start, None, directory))
        write_json(done, report)
        (directory / FILE).unlink(missing_ok=True)  # three times the weights, and no longer needed
    return read_json(done)
