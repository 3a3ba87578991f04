"""What a search keeps on disk: its settings, the start point, finished levels, and the values of the last of them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rewire.files import read_json, remove_temporaries, write_json
from rewire.masks import load_mask, read_metadata, save_mask
from rewire.tickets.levels import Level
from rewire.tickets.snapshot import Snapshot, read_snapshot, write_snapshot

FORMAT, VERSION = "rewire search", 1
SETTINGS, START = "search.json", "start.safetensors"


class Store:
    """A search's folder. Whatever is written is whole or absent, and a level counts once its own file is there."""

    def __init__(self, directory: str | Path) -> None:
        self.directory = Path(directory)

    def open(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Make the folder, or see that it is of the same search; the settings as they were written first.

        "seed" may differ, and so may the initial values: what was stored is gone on with.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        remove_temporaries(self.directory)
        path, mine = self.directory / SETTINGS, json.loads(json.dumps(settings))
        if not path.exists():
            write_json(path, {"format": FORMAT, "version": VERSION, "settings": mine})
            return mine
        found = read_json(path)
        if not isinstance(found, dict) or (found.get("format"), found.get("version")) != (FORMAT, VERSION):
            raise ValueError(f"{path} must be of format {FORMAT!r} {VERSION}; got another: choose another directory")
        theirs = found.get("settings")
        if not isinstance(theirs, dict) or not isinstance(theirs.get("seed"), int) or set(theirs) != set(mine):
            raise ValueError(f"{path} must list the settings of a search; it was changed by hand: restore it")
        for name in mine:
            if name != "seed" and mine[name] != theirs[name]:
                raise ValueError(f"directory must be of the same search; {_difference(name, theirs[name], mine[name])}")
        return theirs

    def start(self) -> Snapshot | None:
        path = self.directory / START
        return read_snapshot(path) if path.exists() else None

    def save_start(self, snapshot: Snapshot) -> None:
        write_snapshot(self.directory / START, snapshot)

    def folder(self, name: str) -> Path:
        """A phase's own, for its checkpoint."""
        folder = self.directory / name
        folder.mkdir(exist_ok=True)
        return folder

    def save(self, level: Level, final: Snapshot) -> None:
        """Write a level once it is trained. The values it ended with go first, those of the level before go last."""
        write_snapshot(self._final(level.index), final)
        save_mask(level.mask, self._level(level.index), {"report": level.report})
        for index in range(level.index):
            self._final(index).unlink(missing_ok=True)

    def levels(self) -> list[Level]:
        """The finished levels. Raises ValueError for a damaged one."""
        found: list[Level] = []
        while (path := self._level(len(found))).exists():
            found.append(Level(len(found), load_mask(path), read_metadata(path).get("report")))
        return found

    def final(self, index: int) -> Snapshot:
        """The values that a level ended with; kept of the last finished one only."""
        return read_snapshot(self._final(index))

    def _level(self, index: int) -> Path:
        return self.directory / f"level-{index:03}.safetensors"

    def _final(self, index: int) -> Path:
        return self.directory / f"final-{index:03}.safetensors"


def _difference(name: str, theirs: Any, mine: Any) -> str:
    if isinstance(theirs, dict) and isinstance(mine, dict):
        key = next(key for key in [*theirs, *mine] if theirs.get(key) != mine.get(key))
        name, theirs, mine = f"{name} of {key!r}", theirs.get(key), mine.get(key)
    return f"{name} was {theirs!r}; got {mine!r}: choose another directory"
