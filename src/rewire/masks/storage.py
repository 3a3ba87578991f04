"""`save_mask` and `load_mask`: a mask in one file, a bit per entry or less; no pickle."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rewire.files import read_tensors, write_tensors
from rewire.masks.codec import decode, encode
from rewire.masks.mask import Mask
from rewire.masks.packing import pack, unpack

FORMAT, VERSION = "rewire mask", 1
# One tensor of bytes: a checksum of all that follows, a line of JSON, and the tensors one after another. What names a
# safetensors file cannot hold, and the order in which it would write metadata (another every time), are no matter so.
BYTES, END = "mask", b"\n"
DIGEST = 16  # the first half of a SHA-256: the file of a small mask should not be checksum in the main
MOST = 1 << 40  # entries of a tensor: one that is all off takes no bytes, and no memory holds more


@dataclass(frozen=True)
class Entry:
    """One tensor of a file: its place among the bytes follows from those before it."""

    name: str
    shape: list[int]
    kept: int
    bytes: int

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def coding(self) -> str:
        """Packed bits, unless entropy coding took fewer bytes."""
        return "bits" if self.bytes == -(-self.size // 8) else "entropy"


@dataclass(frozen=True)
class MaskFile:
    """What a mask file says, checked but not decoded."""

    entries: list[Entry]
    metadata: dict[str, Any]
    content: bytes


def save_mask(mask: Mask, path: str | Path, metadata: Mapping[str, Any] | None = None) -> Path:
    """Write a mask to one safetensors file: each tensor as packed bits or entropy-coded, whichever is smaller.

    That is, for each tensor, at most one bit per entry and at most its entropy n·H(density) plus 8 bytes. Beside them
    the file takes 160 bytes, and about 25 and its name for each tensor. `metadata` is anything that JSON can hold. The
    same mask gives the same bytes. A crash leaves the previous file or the new one.

    Returns the path. Raises TypeError for other metadata, OSError where it cannot be written.

    >>> mask = rewire.Mask({"weight": torch.eye(300) > 0})
    >>> path = rewire.masks.save_mask(mask, tmp / "mask.safetensors", {"level": 3})
    >>> rewire.masks.load_mask(path) == mask, rewire.masks.read_metadata(path), path.stat().st_size < 640
    (True, {'level': 3}, True)
    """
    coded = {name: _smaller(tensor).numpy().tobytes() for name, tensor in mask.items()}
    entries = [[n, list(on.shape), int(on.count_nonzero()), len(coded[n])] for n, on in mask.items()]
    head = {"version": VERSION, "tensors": entries} | ({"metadata": dict(metadata)} if metadata else {})
    body = _json(head) + END + b"".join(coded.values())
    write_tensors(Path(path), {BYTES: _tensor(_digest(body) + body)}, {"format": FORMAT})
    return Path(path)


def load_mask(path: str | Path) -> Mask:
    """The mask that `save_mask` wrote, on the CPU.

    Raises FileNotFoundError, or ValueError for a foreign, newer, truncated or changed file.
    """
    file, start, tensors = read_mask_file(path), 0, {}
    for entry in file.entries:
        try:
            tensors[entry.name] = _decoded(_tensor(file.content[start : start + entry.bytes]), entry)
        except ValueError as error:
            raise ValueError(f"{path} must hold a mask of {entry.name!r}: {error}") from None
        except (MemoryError, RuntimeError):  # all off or all on takes no bytes, however large
            raise ValueError(f"{path} must hold what fits in memory; {entry.name!r} is {entry.shape}") from None
        start += entry.bytes
    return Mask(tensors)


def read_metadata(path: str | Path) -> dict[str, Any]:
    """The metadata that `save_mask` was given. Raises as `load_mask` does."""
    return read_mask_file(path).metadata


def read_mask_file(path: str | Path) -> MaskFile:
    """A mask file with its checksum and its entries checked. Raises as `load_mask` does."""
    tensors, words = read_tensors(Path(path))
    if words.get("format") != FORMAT:
        raise ValueError(f"{path} must be of format {FORMAT!r}; got {words.get('format')!r}: it holds something else")
    everything = _bytes(tensors.get(BYTES))
    checksum, body = everything[:DIGEST], everything[DIGEST:]
    if checksum != _digest(body):
        raise ValueError(f"{path} must have the SHA-256 that is written in it; it was changed after it was saved")
    line, _, content = body.partition(END)
    head = _parsed(line)
    if head.get("version") != VERSION:
        raise ValueError(f"{path} must be of version {VERSION}; got {head.get('version')!r}: use the rewire of then")
    try:
        entries = [Entry(*fields) for fields in head["tensors"]]
        metadata = dict(head.get("metadata", {}))
    except (KeyError, TypeError, ValueError):
        raise ValueError(f"{path} must list its tensors as save_mask does; it was written by hand") from None
    if not _consistent(entries, content):
        raise ValueError(f"{path} must list tensors that fill it; it was written by hand")
    return MaskFile(entries, metadata, content)


def _smaller(tensor: Tensor) -> Tensor:
    """Packed bits where both take the same bytes, which is how a reader tells them apart."""
    return min(pack(tensor), encode(tensor), key=len)


def _decoded(content: Tensor, entry: Entry) -> Tensor:
    if entry.coding == "entropy":
        return decode(content, entry.shape, entry.kept)
    mask = unpack(content, entry.shape)
    if mask.count_nonzero() != entry.kept:
        raise ValueError(f"{entry.kept} entries must be on; got {mask.count_nonzero()}")
    return mask


def _json(head: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(head, separators=(",", ":")).encode("ascii")
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(f"metadata must be what JSON can hold; got {error}: turn it into text first") from None


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        head = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return head if isinstance(head, dict) else {}


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()[:DIGEST]


def _tensor(content: bytes) -> Tensor:
    return torch.from_numpy(np.frombuffer(content, dtype=np.uint8).copy())


def _bytes(tensor: Tensor | None) -> bytes:
    return b"" if tensor is None or tensor.dtype != torch.uint8 else tensor.numpy().tobytes()


def _consistent(entries: list[Entry], content: bytes) -> bool:
    """Whether all fields have their types, names differ, and the tensors' bytes are those of the file."""
    if not all(map(_typed, entries)):
        return False
    return len({e.name for e in entries}) == len(entries) and sum(e.bytes for e in entries) == len(content)


def _typed(entry: Entry) -> bool:
    if not isinstance(entry.name, str) or not isinstance(entry.shape, list):
        return False
    counts = [*entry.shape, entry.kept, entry.bytes]
    return all(type(count) is int and 0 <= count < MOST for count in counts) and entry.kept <= entry.size < MOST
