"""What a permutation file looks like: its bytes from its parts, and back, with nothing believed that was not checked.

A kind of our own, since the header of any other takes more than a whole tensor may cost: the line
"rewire permutation 1", a checksum of all that follows, one of the initial values, a line of JSON, and the tensors'
bytes one after another. No pickle.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch

from rewire.permutations.generator import Initial
from rewire.tensor_file import CODES

FORMAT, VERSION, END = "rewire permutation", 1, b"\n"
DIGEST = 8  # the first bytes of a SHA-256: of 10¹⁹ damaged files one would pass
DTYPES = {code: getattr(torch, name) for name, code in CODES.items() if hasattr(torch, name)}
MOST = 1 << 40  # entries of a tensor: no memory holds more


@dataclass(frozen=True)
class Entry:
    """One tensor of a file: its place among the bytes follows from those before it."""

    name: str
    shape: list[int]
    code: str
    coded: int | None = None  # bytes of its permutation; None of a tensor that is stored as it is
    columns: bool = False  # whether values were moved within columns, as in embedding tables, not within rows

    @property
    def dtype(self) -> torch.dtype:
        return DTYPES[self.code]

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        return self.size * self.dtype.itemsize if self.coded is None else self.coded

    @property
    def longest(self) -> int:
        """How many values trade places: those of a row, or of a column."""
        if self.columns:
            return self.shape[0]
        return math.prod(self.shape[1:]) if len(self.shape) > 1 else self.size


@dataclass(frozen=True)
class PermutationFile:
    """entries: what it holds. source: what the initial values are from, None of tensors that a reader must have.

    profiles: a checksum of these values. content: the bytes of all tensors.
    """

    entries: list[Entry]
    source: Initial | None
    profiles: bytes
    content: bytes

    def to_bytes(self) -> bytes:
        head = json.dumps([_of_source(self.source), [*map(_of_entry, self.entries)]], separators=(",", ":"))
        body = self.profiles + head.encode("ascii") + END + self.content
        return f"{FORMAT} {VERSION}".encode() + END + digest([body]) + body

    def parts(self) -> list[bytes]:
        """The bytes of each entry."""
        ends = [sum(entry.bytes for entry in self.entries[:number]) for number in range(len(self.entries) + 1)]
        return [self.content[start:end] for start, end in pairwise(ends)]


def read_permutation_file(path: str | Path) -> PermutationFile:
    """A file with its checksum and its entries checked. Raises FileNotFoundError, or ValueError for any other bytes."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path} must be a permutation file; got nothing at that path")
    line, _, rest = Path(path).read_bytes().partition(END)
    kind, _, version = line.rpartition(b" ")
    if kind != FORMAT.encode():
        raise ValueError(f"{path} must be of format {FORMAT!r}; got {line[:40]!r}: it is damaged or something else")
    if version != str(VERSION).encode():
        raise ValueError(f"{path} must be of version {VERSION}; got {version[:40]!r}: use the rewire of then")
    checksum, body = rest[:DIGEST], rest[DIGEST:]
    if checksum != digest([body]):
        raise ValueError(f"{path} must have the SHA-256 that is written in it; it was cut off or changed after saving")
    head, _, content = body[DIGEST:].partition(END)
    try:
        source, listed = json.loads(head)
        entries = [Entry(*fields) for fields in listed]
    except (TypeError, ValueError, RecursionError):
        raise ValueError(f"{path} must list its tensors as save_permutation does; it was written by hand") from None
    if not _consistent(entries, content):
        raise ValueError(f"{path} must list tensors that fill it; it was written by hand")
    return PermutationFile(entries, _to_source(path, source), body[:DIGEST], content)


def digest(parts: Sequence[bytes]) -> bytes:
    found = hashlib.sha256()
    for part in parts:
        found.update(part)
    return found.digest()[:DIGEST]


def _of_entry(entry: Entry) -> list[Any]:
    fields = [entry.name, entry.shape, entry.code, entry.coded, entry.columns]
    return fields if entry.columns else fields[: 3 if entry.coded is None else 4]


def _of_source(source: Initial | None) -> list[Any] | None:
    if source is None:
        return None
    fields = [f"{source.scheme}/{source.version}", source.seed, source.density]
    return fields if source.density < 1 else fields[:2]


def _to_source(path: str | Path, fields: Any) -> Initial | None:
    if fields is None:
        return None
    try:
        name, *settings = fields
        scheme, version = name.split("/")
        return Initial(scheme, *settings, version=int(version))
    except (AttributeError, TypeError):
        raise ValueError(f"{path} must name the source of its values; got {fields!r}: it was written by hand") from None
    except ValueError as error:
        raise ValueError(f"{path} must name a source that this rewire knows: {error}") from None


def _consistent(entries: list[Entry], content: bytes) -> bool:
    """Whether all fields have their types, names differ, and the tensors' bytes are those of the file."""
    if not all(map(_typed, entries)):
        return False
    return len({e.name for e in entries}) == len(entries) and sum(e.bytes for e in entries) == len(content)


def _typed(entry: Entry) -> bool:
    if not isinstance(entry.name, str) or not isinstance(entry.shape, list) or not isinstance(entry.code, str):
        return False
    if entry.code not in DTYPES or not isinstance(entry.columns, bool) or (entry.columns and len(entry.shape) != 2):
        return False
    counts = [*entry.shape, 0 if entry.coded is None else entry.coded]
    coded = entry.coded is None or entry.dtype.is_floating_point
    return coded and all(type(count) is int and 0 <= count < MOST for count in counts) and entry.size < MOST
