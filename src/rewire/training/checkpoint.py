"""Checkpoints: everything a training loop needs to go on as if it had never stopped, bit for bit."""

import copy
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from rewire.files import read_tensors, write_tensors
from rewire.gates import per_task, tasks_of
from rewire.training.state import flatten, unflatten

FILE = "checkpoint.safetensors"


class Stateful(Protocol):
    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state: Any, /) -> Any: ...


class Checkpoint:
    """One file in a directory, replaced at most every `seconds` (0: whenever asked).

    When it is written does not matter to the result: a resumed run repeats the same steps with the same numbers.
    """

    def __init__(self, directory: Path, seconds: float = 30.0) -> None:
        self.path = Path(directory) / FILE
        self.seconds = seconds
        self._saved_at = time.monotonic()

    def due(self) -> bool:
        return time.monotonic() - self._saved_at >= self.seconds

    def save(self, step: int, parts: Mapping[str, Stateful], streams: Mapping[str, Tensor]) -> None:
        """Write model, optimizer and whatever else is in `parts`, and the random streams' states, at a step's end."""
        states = {name: part.state_dict() for name, part in parts.items()}
        state = {"step": step, "streams": dict(streams), "kinds": _kinds(parts), "parts": states}
        tensors, text = flatten(state)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_tensors(self.path, tensors, {"state": text})
        self._saved_at = time.monotonic()

    def restore(self, parts: Mapping[str, Stateful]) -> tuple[int, dict[str, Tensor]] | None:
        """Load the parts in place; (step, stream states), or None where nothing was saved yet.

        Raises ValueError, and changes nothing, for a damaged file and for one of other parts: another architecture,
        other tasks, another optimizer.
        """
        if not self.path.exists():
            return None
        state = self._read()
        if set(state["parts"]) != set(parts):
            raise ValueError(f"{self.path} must hold {sorted(parts)}; got {sorted(state['parts'])}: delete it")
        for name, kind in _kinds(parts).items():
            if state["kinds"][name] != kind:
                raise ValueError(f"{self.path} must have {name} {kind}; got {state['kinds'][name]}: delete it")
        self._load(parts, state["parts"])
        return state["step"], state["streams"]

    def _read(self) -> dict[str, Any]:
        tensors, metadata = read_tensors(self.path)
        try:
            state = unflatten(tensors, metadata["state"])
        except (KeyError, ValueError, TypeError):
            state = {}
        if not isinstance(state, dict) or not {"step", "streams", "kinds", "parts"} <= set(state):
            raise ValueError(f"{self.path} must be a rewire checkpoint; got a foreign safetensors file: delete it")
        return state

    def _load(self, parts: Mapping[str, Stateful], states: Mapping[str, Any]) -> None:
        # Only loading tells whether a state fits, and it may fail half-way.
        before = {name: copy.deepcopy(part.state_dict()) for name, part in parts.items()}
        try:
            for name, part in parts.items():
                _load(part, states[name])
        except (RuntimeError, ValueError, KeyError, TypeError) as error:
            for name, part in parts.items():
                _load(part, before[name])
            reason = " ".join(str(error).split())
            raise ValueError(f"{self.path} must be of the same run; got: {reason[:300]}; delete it") from None

    def clear(self) -> None:
        self.path.unlink(missing_ok=True)


def _kinds(parts: Mapping[str, Stateful]) -> dict[str, str]:
    """What a state dict does not say, and what would go wrong silently: the optimizer's class, the tasks' names."""
    return {name: _kind(part) for name, part in parts.items()}


def _kind(part: Stateful) -> str:
    if isinstance(part, nn.Module):
        return f"for tasks {tasks_of(part)}" if per_task(part) else "without tasks"
    return f"of type {type(part).__name__}"


def _load(part: Stateful, state: Any) -> None:
    part.load_state_dict(state)
    if isinstance(part, torch.optim.Optimizer):
        _keep_dtypes_and_layouts(part, state)


def _keep_dtypes_and_layouts(optimizer: torch.optim.Optimizer, state: Mapping[str, Any]) -> None:
    """Give each tensor of the state the dtype it was saved with and, if it has the parameter's shape, its strides.

    torch casts state to the parameter's dtype. A file holds contiguous tensors, and fused optimizers walk state and
    parameter side by side in memory: moments that are not laid out as a channels-last parameter would be mixed up.
    """
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for index, entries in state["state"].items():
        own = optimizer.state[parameters[index]]
        for key, saved in entries.items():
            if isinstance(saved, Tensor):
                like = parameters[index] if saved.shape == parameters[index].shape else saved
                own[key] = torch.empty_like(like, dtype=saved.dtype, device=own[key].device).copy_(saved)


def model_part(model: nn.Module) -> Stateful:
    """The model as a part: wrappers such as torch.compile's are looked through."""
    return getattr(model, "_orig_mod", model)
