"""Records: flat dicts, one JSON line each, and a small table to ask them questions."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Record = dict[str, Any]


class JsonLines:
    """A sink that appends each record to a file as one JSON line; a kill after `write` returns does not lose it.

    Over the file of an interrupted run it replays: a record equal to the one at its place is left as it is, the first
    that differs cuts off the rest. So a run may start over, or skip with `truncate` what its checkpoint has behind it,
    and be killed again at any moment: the file ends up as if nothing had happened.

    Arguments:
        path: the file; its folder must exist.
        watch: called with each record written (progress displays, TensorBoard).
    """

    def __init__(self, path: Path, watch: Callable[[Record], None] | None = None) -> None:
        self.path = path
        self.count = 0  # the records of this run so far; what the file holds beyond them is an earlier session's
        self._watch = watch
        self._earlier: list[bytes] | None = _lines(path)

    def write(self, record: Mapping[str, Any]) -> None:
        """Append one record; 0-d tensors and numpy scalars are stored as numbers."""
        line = json.dumps(record, default=_number).encode()
        if self._earlier is None or self._earlier[self.count : self.count + 1] != [line]:
            self._cut()
            with self.path.open("ab") as file:  # opened anew each time: nothing to close or leak
                file.write(line + b"\n")
        self.count += 1
        if self._watch is not None:
            self._watch(dict(record))

    def truncate(self, step: int) -> None:
        """Take over an earlier session's records up to `step`, the one its checkpoint has; drop those after it.

        Only the leading records whose "step" never falls, nor exceeds `step`, are taken over: a record that describes
        the finished training carries no "step", so that it is written again.
        """
        last = -1
        for line in (self._earlier or [])[self.count :]:
            at = json.loads(line).get("step", step + 1)
            if not last <= at <= step:
                break
            last, self.count = at, self.count + 1

    def close(self) -> None:
        """End the run's records: the file now holds exactly these."""
        self._cut()

    def _cut(self) -> None:
        """Remove what an earlier session wrote beyond the records so far, a torn last line included."""
        if self._earlier is not None:
            with self.path.open("ab") as file:
                file.truncate(sum(len(line) + 1 for line in self._earlier[: self.count]))
            self._earlier = None


def read_records(path: Path) -> list[Record]:
    """Read a JSON-lines file; a missing file is no records, and a torn last line is left out.

    Raises ValueError naming the line when any other line is not a JSON object.
    """
    return [_parse(path, number, line) for number, line in enumerate(_lines(path), start=1)]


@dataclass(frozen=True)
class Records:
    """A table of records.

    >>> table = Records([{"seed": 0, "accuracy": 0.9}, {"seed": 1, "accuracy": 0.8}])
    >>> table.where(seed=1).values("accuracy")
    [0.8]
    >>> {seed: len(rows) for seed, rows in table.by("seed").items()}
    {0: 1, 1: 1}
    """

    rows: list[Record] = field(default_factory=list)

    def where(self, **equal: Any) -> "Records":
        """The records whose values equal all those given; a record without the key does not match."""
        return Records([row for row in self.rows if all(k in row and row[k] == v for k, v in equal.items())])

    def values(self, key: str) -> list[Any]:
        """The values of `key`, in order, of the records that have it."""
        return [row[key] for row in self.rows if key in row]

    def by(self, key: str) -> "dict[Any, Records]":
        """The records grouped by their value of `key`, in order of appearance; records without it are left out."""
        groups: dict[Any, Records] = {}
        for row in self.rows:
            if key in row:
                groups.setdefault(row[key], Records([])).rows.append(row)
        return groups

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.rows)


def _lines(path: Path) -> list[bytes]:
    """The complete lines: whatever follows the last newline was torn by a kill."""
    if not path.exists():
        return []
    return path.read_bytes().split(b"\n")[:-1]


def _parse(path: Path, number: int, line: bytes) -> Record:
    try:
        record = json.loads(line)
    except ValueError:
        record = None
    if not isinstance(record, dict):
        raise ValueError(  # noqa: TRY004 - the file is at fault, not an argument's type
            f"{path} line {number} must be a JSON object; got {line[:40]!r}; delete the run to redo it"
        )
    return record


def _number(value: Any) -> Any:
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(
        f"a record's values must be numbers, text, lists or None; got {type(value).__name__}; convert it first"
    )
