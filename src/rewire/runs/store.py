"""A run: one config, one seed, one directory, which says of itself whether it is done."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

import cattrs

from rewire.files import read_json, remove_temporaries, write_json
from rewire.runs.environment import capture, merged
from rewire.runs.lock import locked
from rewire.runs.records import JsonLines, Record, read_records

CONFIG, ENVIRONMENT, METRICS, TIMING, DONE = "config.json", "env.json", "metrics.jsonl", "timing.json", "done.json"
GRACE = 2.0  # seconds to wait for the dying workers of a killed command to let go of a directory


@dataclass(frozen=True)
class Run:
    """An open run: its directory, the sink of its records, and whether an earlier process finished it."""

    directory: Path
    sink: JsonLines
    done: bool


@contextmanager
def open_run(
    directory: Path,
    config: Any,
    *,
    device: str = "cpu",
    threads: int = 1,
    watch: Callable[[Record], None] | None = None,
) -> Iterator[Run]:
    """Open (or reopen) the run of `config` in `directory`, alone; leaving without an exception marks it done.

    An exception, Ctrl-C and kill -9 leave it resumable: the next open finds what the body had saved. A body that
    restores a checkpoint tells the sink its step (`sink.truncate`); one that starts over need not say anything.

    Raises:
        ValueError: the directory holds another config, or one with unknown keys.
        InUseError: another process has it open.
        OSError: it cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with locked(directory, wait=GRACE):
        remove_temporaries(directory)
        check_config(directory, config)
        if not (directory / CONFIG).exists():
            write_json(directory / CONFIG, cattrs.unstructure(config))
        sink = JsonLines(directory / METRICS, watch)
        if run_state(directory) == "done":
            yield Run(directory, sink, done=True)
            return
        write_json(directory / ENVIRONMENT, merged([run_environment(directory), capture(device, threads)]))
        with _timed(directory / TIMING):
            yield Run(directory, sink, done=False)
        sink.close()
        write_json(directory / DONE, {"records": sink.count})


def run_state(directory: Path) -> Literal["done", "interrupted", "pending"]:
    """Whether the run finished, was left in the middle, or never started; a damaged end mark is none."""
    if _done_records(directory) is not None:
        return "done"
    return "interrupted" if (directory / CONFIG).exists() else "pending"


def run_records(directory: Path) -> list[Record]:
    """The records of a run that is done. Raises ValueError when some were lost since."""
    records, written = read_records(directory / METRICS), _done_records(directory)
    if len(records) != written:
        raise ValueError(
            f"{directory / METRICS} must hold all records of its run; got {len(records)} of {written}; "
            f"delete {directory} to redo the run"
        )
    return records


def run_seconds(directory: Path) -> float:
    """Wall seconds spent in the run, over all its sessions; a killed session's and a damaged file's are lost."""
    return float(_entry(directory / TIMING, "seconds", int | float) or 0.0)


def run_environment(directory: Path) -> dict[str, Any]:
    """What stood behind the run, over all its sessions (see `merged`); empty where its file is missing or damaged."""
    try:
        found = read_json(directory / ENVIRONMENT)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _done_records(directory: Path) -> int | None:
    """How many records the run ended with; None for one that has not ended."""
    return _entry(directory / DONE, "records", int)


def _entry(path: Path, key: str, kind: Any) -> Any:
    """One value of a small JSON file that a crash or a hand may have damaged; None unless it is of that kind."""
    try:
        content = read_json(path)
    except (OSError, ValueError):
        return None
    value = content.get(key) if isinstance(content, dict) else None
    return value if isinstance(value, kind) else None


@contextmanager
def _timed(path: Path) -> Iterator[None]:
    """Add the wall time of the body to `path`: beside the records, because those must not depend on the clock."""
    start = time.monotonic()
    try:
        yield
    finally:
        write_json(path, {"seconds": run_seconds(path.parent) + time.monotonic() - start})


def check_config(directory: Path, config: Any) -> None:
    """Raise ValueError when `directory` is no folder, holds another config's run, or a config with unknown keys."""
    for path, fits, kind in ((directory, Path.is_dir, "folder"), (directory / CONFIG, Path.is_file, "file")):
        if path.exists() and not fits(path):
            raise ValueError(f"{path} must be a {kind}; got something else; delete it or choose another --out")
    if not (directory / CONFIG).exists():
        return
    stored = _structure(directory / CONFIG, type(config))
    if stored != config:
        names = [item.name for item in fields(config) if getattr(stored, item.name) != getattr(config, item.name)]
        raise ValueError(
            f"run directory must hold this config; got {directory} with "
            + ", ".join(f"{name}={getattr(stored, name)!r} (not {getattr(config, name)!r})" for name in names)
            + "; choose another --out or delete the directory"
        )


def _structure(path: Path, kind: type) -> Any:
    value = read_json(path)
    allowed = [item.name for item in fields(kind)]
    try:
        return cattrs.Converter(forbid_extra_keys=True, detailed_validation=False).structure(value, kind)
    except cattrs.ForbiddenExtraKeysError as error:
        got = ", ".join(sorted(error.extra_fields))
        raise ValueError(
            f"{path} keys must be among {', '.join(allowed)}; got {got}; remove them or choose another --out"
        ) from None
    except (TypeError, ValueError, KeyError, AttributeError, cattrs.StructureHandlerNotFoundError) as error:
        raise ValueError(
            f"{path} must describe a {kind.__name__} with the fields {', '.join(allowed)}; got {error!r}; "
            "delete the run directory to redo the run"
        ) from None
