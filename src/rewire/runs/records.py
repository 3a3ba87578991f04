"""Records: flat dicts, one JSON line each, and a small table to ask them questions."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Record = dict[str, Any]


class JsonLines:
    """A sink that appends each record to a file as one JSON line; a kill after `write` returns does not lose it.

    Records already in the file are those of an interrupted run. They are dropped at the first write, unless `keep` or
    `truncate` says first how many of them the restored checkpoint vouches for.

    Arguments:
        path: the file; its folder must exist.
        watch: called with each record after it is written (progress displays, TensorBoard).
    """

    def __init__(self, path: Path, watch: Callable[[Record], None] | None = None) -> None:
        self.path = path
        self.count = 0
        self._watch = watch
        self._started = False

    def write(self, record: Mapping[str, Any]) -> None:
        """Append one record; 0-d tensors and numpy scalars are stored as numbers."""
        line = json.dumps(record, default=_number) + "\n"
        # Opened anew each time: nothing to close or leak, and a torn tail is only ever the last line.
        with self.path.open("ab" if self._started else "wb") as file:
            file.write(line.encode())
        self._started = True
        self.count += 1
        if self._watch is not None:
            self._watch(dict(record))

    def keep(self, count: int) -> None:
        """Keep the first `count` records and drop what follows. Raises ValueError when the file holds fewer."""
        lines = _lines(self.path)
        if count > len(lines):
            raise ValueError(
                f"{self.path} must hold the {count} records its checkpoint counts; got {len(lines)}; "
                "delete the run directory to start it over"
            )
        with self.path.open("ab") as file:
            file.truncate(sum(len(line) + 1 for line in lines[:count]))
        self.count = count
        self._started = True

    def truncate(self, step: int) -> None:
        """Keep the leading records with a "step" of at most `step`; drop the first other one and all after it."""
        kept = 0
        for record in read_records(self.path):
            if "step" not in record or record["step"] > step:
                break
            kept += 1
        self.keep(kept)

    def close(self) -> None:
        """End the run's records: the file now holds exactly those kept and written."""
        if not self._started:
            self.keep(0)


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

    def __add__(self, other: "Iterable[Record]") -> "Records":
        return Records([*self.rows, *other])


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
