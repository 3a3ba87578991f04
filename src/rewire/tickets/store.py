"""What a search keeps on disk: its settings, the start point, finished levels, and the values of the last of them."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from rewire.files import read_json, remove_temporaries, reserved, write_json
from rewire.masks import load_mask, read_metadata, save_mask
from rewire.tickets.levels import Level
from rewire.tickets.snapshot import RESTORE, Snapshot, check_mark, digest, read_snapshot, write_snapshot

FORMAT, VERSION = "rewire search", 1
SETTINGS, START = "search.json", "start.safetensors"
OPTIONAL = {"mask_one": "rewind", "mask_zero": "zero"}  # settings that are written only where they are others
P = ParamSpec("P")
R = TypeVar("R")


def one_at_a_time(find: Callable[P, R]) -> Callable[P, R]:
    """`find` which waits while another thread or process searches in its directory, and then goes on from there."""

    @wraps(find)
    def waiting(*args: P.args, **options: P.kwargs) -> R:
        directory = options.get("directory")
        if not isinstance(directory, str | Path):
            return find(*args, **options)
        with suppress(OSError):  # `find` says what is wrong with it
            Path(directory).mkdir(parents=True, exist_ok=True)
        with reserved(Path(directory)):
            return find(*args, **options)

    return waiting


class Store:
    """A search's folder. Whatever is written is whole or absent, and a level counts once its own file is there.

    Files say which part of which search they are, so that one of another search, or renamed, does not count as its own.
    """

    def __init__(self, directory: str | Path) -> None:
        self.directory = Path(directory)
        self.origin = ""  # the settings and the start point as a checksum; files written after them are marked with it

    def open(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Make the folder, or see that it is of the same search; the settings as they were written first.

        "seed" may differ, and so may the initial values: what was stored is gone on with.
        """
        if self.directory.exists() and not self.directory.is_dir():
            raise NotADirectoryError(f"directory must be a folder, or new; got the file {self.directory}")
        self.directory.mkdir(parents=True, exist_ok=True)
        remove_temporaries(self.directory)
        path, mine = self.directory / SETTINGS, json.loads(json.dumps(settings))
        if not path.exists():
            if (self.directory / START).exists() or self._level(0).exists():
                raise ValueError(f"{path} must be beside what the search stored; got nothing: {RESTORE}")
            write_json(path, {"format": FORMAT, "version": VERSION, "settings": mine})
            return mine
        found = read_json(path)
        if not isinstance(found, dict) or (found.get("format"), found.get("version")) != (FORMAT, VERSION):
            raise ValueError(f"{path} must be of format {FORMAT!r} {VERSION}; got another: choose another directory")
        theirs = found.get("settings")
        if (
            not isinstance(theirs, dict)
            or {*theirs} - {*OPTIONAL} != {*mine} - {*OPTIONAL}
            or not _is_seed(theirs["seed"])
        ):
            raise ValueError(f"{path} must list the settings of a search; it was changed by hand: restore it")
        for name in mine | theirs:
            ours, stored = (each.get(name, OPTIONAL.get(name)) for each in (mine, theirs))
            if name != "seed" and ours != stored:
                raise ValueError(f"directory must be of the same search; {_difference(name, stored, ours)}")
        return theirs

    def start(self, settings: Mapping[str, Any]) -> Snapshot | None:
        """The stored start point; None where no level is stored either. Raises ValueError for a damaged one."""
        path = self.directory / START
        if not path.exists() and not self._level(0).exists():
            return None
        found = read_snapshot(path, "start")
        self.origin = _origin(settings, found)
        return found

    def save_start(self, snapshot: Snapshot, settings: Mapping[str, Any]) -> None:
        write_snapshot(self.directory / START, snapshot, "start")
        self.origin = _origin(settings, snapshot)

    def folder(self, name: str) -> Path:
        """A phase's own, for its checkpoint."""
        folder = self.directory / name
        folder.mkdir(exist_ok=True)
        return folder

    def save(self, level: Level, final: Snapshot) -> None:
        """Write a level once it is trained. The values it ended with go first, those of the level before go last."""
        write_snapshot(self._final(level.index), final, self._mark(level.index))
        save_mask(level.mask, self._level(level.index), {"report": level.report, "mark": self._mark(level.index)})
        for index in range(level.index):
            self._final(index).unlink(missing_ok=True)

    def levels(self) -> list[Level]:
        """The finished levels. Raises ValueError for a damaged one."""
        found: list[Level] = []
        while (path := self._level(len(found))).exists():
            metadata = read_metadata(path)
            check_mark(path, metadata, self._mark(len(found)))
            found.append(Level(len(found), load_mask(path), metadata.get("report")))
        return found

    def final(self, index: int) -> Snapshot:
        """The values that a level ended with; kept of the last finished one only."""
        return read_snapshot(self._final(index), self._mark(index))

    def _mark(self, index: int) -> str:
        return f"level {index} of {self.origin}"

    def _level(self, index: int) -> Path:
        return self.directory / f"level-{index:03}.safetensors"

    def _final(self, index: int) -> Path:
        return self.directory / f"final-{index:03}.safetensors"


def _origin(settings: Mapping[str, Any], start: Snapshot) -> str:
    return digest(start.values, [json.dumps(settings, sort_keys=True)])[:16]


def _is_seed(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**62


def _difference(name: str, theirs: Any, mine: Any) -> str:
    if isinstance(theirs, dict) and isinstance(mine, dict):
        key = next(key for key in [*theirs, *mine] if theirs.get(key) != mine.get(key))
        name, theirs, mine = f"{name} of {key!r}", theirs.get(key), mine.get(key)
    return f"{name} was {theirs!r}; got {mine!r}: choose another directory"
