"""`save_mask` and `load_mask`: a mask in one file, a bit per entry or less; no pickle."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rewire.files import read_tensors, write_tensors
from rewire.masks.codec import decode, encode
from rewire.masks.mask import Mask
from rewire.masks.packing import pack, unpack

FORMAT, VERSION = "rewire mask", 1
# The names of the file's own tensors, all of bytes. Those of the mask stand in the head, in JSON: they may be anything.
HEAD, CONTENT, CHECKSUM = "head", "content", "sha256"
MOST = 1 << 40  # entries of a tensor: one that is all off takes no bytes, and no memory holds more


@dataclass(frozen=True)
class Entry:
    """One tensor of a file: its place among the bytes follows from those before it."""

    name: str
    shape: list[int]
    kept: int
    coding: str
    bytes: int


@dataclass(frozen=True)
class MaskFile:
    """What a mask file says, checked but not decoded."""

    entries: list[Entry]
    metadata: dict[str, Any]
    content: Tensor


def save_mask(mask: Mask, path: str | Path, metadata: Mapping[str, Any] | None = None) -> Path:
    """Write a mask to one safetensors file: each tensor as packed bits or entropy-coded, whichever is smaller.

    That is at most one bit per entry and, at density ≤ 0.05, within 10 % of the entropy n·H(density), plus about 100
    bytes per tensor. `metadata` is anything that JSON can hold. A crash leaves the previous file or the new one.

    Returns the path. Raises TypeError for other metadata, OSError where it cannot be written.

    >>> mask = rewire.Mask({"weight": torch.eye(300) > 0})
    >>> path = rewire.masks.save_mask(mask, tmp / "mask.safetensors", {"level": 3})
    >>> rewire.masks.load_mask(path) == mask, rewire.masks.read_metadata(path), path.stat().st_size < 1200
    (True, {'level': 3}, True)
    """
    coded = {name: _smaller(tensor) for name, tensor in mask.items()}
    entries = [
        Entry(name, list(tensor.shape), int(tensor.count_nonzero()), coding, len(content))
        for (name, tensor), (coding, content) in zip(mask.items(), coded.values())
    ]
    content = torch.cat([torch.empty(0, dtype=torch.uint8), *(content for _, content in coded.values())])
    head = _json(
        {"version": VERSION, "entries": [asdict(entry) for entry in entries], "metadata": dict(metadata or {})}
    )
    tensors = {HEAD: head, CONTENT: content, CHECKSUM: _digest(head, content)}
    # Further words of metadata would stand in another order every time: a mask is the same bytes whenever it is saved.
    write_tensors(Path(path), tensors, {"format": FORMAT})
    return Path(path)


def load_mask(path: str | Path) -> Mask:
    """The mask that `save_mask` wrote, on the CPU.

    Raises FileNotFoundError, or ValueError for a foreign, newer, truncated or changed file.
    """
    file, start, tensors = read_mask_file(path), 0, {}
    for entry in file.entries:
        content = file.content[start : start + entry.bytes]
        try:
            tensors[entry.name] = DECODERS[entry.coding](content, entry)
        except ValueError as error:
            raise ValueError(f"{path} must hold a mask of {entry.name!r}: {error}") from None
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
    head, content, checksum = (_as_bytes(tensors.get(name)) for name in (HEAD, CONTENT, CHECKSUM))
    said = _parsed(head)
    if said.get("version", VERSION) != VERSION:
        raise ValueError(f"{path} must be of version {VERSION}; got {said['version']!r}: use the rewire of then")
    if not torch.equal(checksum, _digest(head, content)):
        raise ValueError(f"{path} must have the SHA-256 that is written in it; it was changed after it was saved")
    try:
        entries = [Entry(**fields) for fields in said["entries"]]
        metadata = dict(said["metadata"])
    except (KeyError, TypeError, ValueError):
        raise ValueError(f"{path} must list its tensors as save_mask does; it was written by hand") from None
    if not _consistent(entries, content):
        raise ValueError(f"{path} must list tensors that fill it; it was written by hand")
    return MaskFile(entries, metadata, content)


def _unpacked(content: Tensor, entry: Entry) -> Tensor:
    mask = unpack(content, entry.shape)
    if mask.count_nonzero() != entry.kept:
        raise ValueError(f"{entry.kept} entries must be on; got {mask.count_nonzero()}")
    return mask


DECODERS = {"bits": _unpacked, "entropy": lambda content, entry: decode(content, entry.shape, entry.kept)}


def _smaller(tensor: Tensor) -> tuple[str, Tensor]:
    bits, coded = pack(tensor), encode(tensor)
    return ("entropy", coded) if len(coded) < len(bits) else ("bits", bits)


def _json(head: Mapping[str, Any]) -> Tensor:
    try:
        return torch.tensor(list(json.dumps(head).encode()), dtype=torch.uint8)
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(f"metadata must be what JSON can hold; got {error}: turn it into text first") from None


def _parsed(head: Tensor) -> dict[str, Any]:
    """What a head says; nothing when it is damaged, as its checksum will tell."""
    try:
        said = json.loads(head.numpy().tobytes())
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _as_bytes(tensor: Tensor | None) -> Tensor:
    empty = torch.empty(0, dtype=torch.uint8)
    return empty if tensor is None or tensor.dtype != torch.uint8 else tensor.reshape(-1)


def _digest(head: Tensor, content: Tensor) -> Tensor:
    digest = hashlib.sha256(head.numpy().tobytes() + content.numpy().tobytes()).digest()
    return torch.tensor(list(digest), dtype=torch.uint8)


def _consistent(entries: list[Entry], content: Tensor) -> bool:
    """Whether all fields have their types, names differ, and the tensors' bytes are those of the file."""
    if not all(map(_typed, entries)):
        return False
    return len({e.name for e in entries}) == len(entries) and sum(e.bytes for e in entries) == len(content)


def _typed(entry: Entry) -> bool:
    lengths = entry.shape if isinstance(entry.shape, list) else [-1]
    counts = [*lengths, entry.kept, entry.bytes]
    return (
        isinstance(entry.name, str)
        and entry.coding in list(DECODERS)
        and all(type(count) is int and count >= 0 for count in counts)
        and entry.kept <= math.prod(lengths) < MOST
    )
