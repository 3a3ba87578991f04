"""Snapshots: every number a model holds and where torch's random streams stand, to return to exactly."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from rewire.files import read_tensors, write_tensors
from rewire.gates.contents import unwrapped

FORMAT = "rewire snapshot 1"
VALUE, STREAM = "value/", "stream/"
RESTORE = "restore it, or delete the folder to start anew"


@dataclass(frozen=True)
class Snapshot:
    """All parameters and buffers by name, and the states of torch's random streams by device."""

    values: dict[str, Tensor] = field(repr=False)
    streams: dict[str, Tensor] = field(repr=False)

    def copy(self) -> "Snapshot":
        """One that later training does not reach: biases and statistics are copied like weights."""
        return Snapshot({name: t.clone() for name, t in self.values.items()}, dict(self.streams))


def look_at(model: nn.Module) -> Snapshot:
    """The model's own tensors, which go on changing, and the streams that its training draws from."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module; got {type(model).__name__}")
    inner = unwrapped(model)
    named = dict([*inner.named_parameters(), *inner.named_buffers()])
    for name, tensor in named.items():
        if is_lazy(tensor):
            raise ValueError(f"model must have its shapes; {name!r} is lazily initialised: run one batch through it")
        if tensor.is_meta:
            raise ValueError(f"model must hold numbers; {name!r} is on the meta device: call model.to_empty first")
    values = {name: tensor.detach() for name, tensor in named.items()}
    streams = {"cpu": torch.get_rng_state()}
    for device in sorted({str(t.device) for t in values.values() if t.is_cuda}):
        streams[device] = torch.cuda.get_rng_state(device)
    return Snapshot(values, streams)


def restore_values(model: nn.Module, values: Mapping[str, Tensor]) -> None:
    """Copy values into a model, in place. Raises ValueError, before it is changed, naming all layers that differ."""
    own = look_at(model).values
    check_alike(own, values)
    for name, value in values.items():
        own[name].copy_(value)


def restore_streams(streams: Mapping[str, Tensor]) -> None:
    for device, state in streams.items():
        if device == "cpu":
            torch.set_rng_state(state)
        elif torch.cuda.is_available():
            torch.cuda.set_rng_state(state, device)


def check_alike(own: Mapping[str, Tensor], values: Mapping[str, Tensor]) -> None:
    """Raise ValueError naming the layers in which a model differs from stored values: missing, extra, other shapes."""
    differ = [
        f"{name!r} is {_form(own.get(name))} in the model, {_form(values.get(name))} in the values"
        for name in dict.fromkeys([*own, *values])
        if _form(own.get(name)) != _form(values.get(name))
    ]
    if differ:
        more = f"; and {len(differ) - 3} more" if len(differ) > 3 else ""
        raise ValueError(f"model must be of the same architecture; {'; '.join(differ[:3])}{more}")


def write_snapshot(path: Path, snapshot: Snapshot, mark: str) -> None:
    """mark: what the snapshot is of, which a reader must know as well."""
    tensors = {VALUE + name: t for name, t in snapshot.values.items()}
    tensors |= {STREAM + device: t for device, t in snapshot.streams.items()}
    write_tensors(path, tensors, {"format": FORMAT, "sha256": digest(tensors), "mark": mark})


def read_snapshot(path: Path, mark: str) -> Snapshot:
    """Raises ValueError for a file that is missing, foreign, truncated, changed or of another mark."""
    try:
        tensors, head = read_tensors(path)
    except FileNotFoundError:
        raise ValueError(f"{path} must be there; got nothing: {RESTORE}") from None
    if head.get("format") != FORMAT:
        raise ValueError(f"{path} must be of format {FORMAT!r}; got {head.get('format')!r}: it is another program's")
    if head.get("sha256") != digest(tensors):
        raise ValueError(f"{path} must have the SHA-256 that is written in it; it was changed after it was saved")
    check_mark(path, head, mark)
    return Snapshot(_under(VALUE, tensors), _under(STREAM, tensors))


def check_mark(path: Path, head: Mapping[str, Any], mark: str) -> None:
    """Raise ValueError for a file of another mark."""
    if head.get("mark") != mark:
        got = head.get("mark")
        raise ValueError(f"{path} must be {mark!r}; got {got!r}: it was renamed or is another's; {RESTORE}")


def digest(tensors: Mapping[str, Tensor], words: Iterable[str] = ()) -> str:
    """SHA-256 over words and tensors: their names, dtypes, shapes and bytes."""
    found = hashlib.sha256(repr(list(words)).encode())
    for name, tensor in sorted(tensors.items()):
        found.update(repr((name, str(tensor.dtype), list(tensor.shape))).encode())
        content: Any = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
        found.update(content)
    return found.hexdigest()


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}


def _form(tensor: Tensor | None) -> str:
    return "missing" if tensor is None else f"{list(tensor.shape)} {tensor.dtype}".replace("torch.", "of ")
