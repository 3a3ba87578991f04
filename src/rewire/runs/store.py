"""A run: one config, one seed, one directory, which says of itself whether it is done."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

import cattrs

from rewire.files import read_json, remove_temporaries, write_json
from rewire.runs.environment import capture
from rewire.runs.lock import locked
from rewire.runs.records import JsonLines, Record

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
        if (directory / DONE).exists():
            yield Run(directory, sink, done=True)
            return
        write_json(directory / ENVIRONMENT, capture(device, threads))
        with _timed(directory / TIMING):
            yield Run(directory, sink, done=False)
        sink.close()
        write_json(directory / DONE, {"records": sink.count})


def run_state(directory: Path) -> Literal["done", "interrupted", "pending"]:
    """Whether the run finished, was left in the middle, or never started."""
    if (directory / DONE).exists():
        return "done"
    return "interrupted" if (directory / CONFIG).exists() else "pending"


def run_seconds(directory: Path) -> float:
    """Wall seconds spent in the run, over all its sessions (a killed session's own seconds are lost)."""
    path = directory / TIMING
    return float(read_json(path)["seconds"]) if path.exists() else 0.0


@contextmanager
def _timed(path: Path) -> Iterator[None]:
    """Add the wall time of the body to `path`: beside the records, because those must not depend on the clock."""
    start = time.monotonic()
    try:
        yield
    finally:
        write_json(path, {"seconds": run_seconds(path.parent) + time.monotonic() - start})


def check_config(directory: Path, config: Any) -> None:
    """Raise ValueError when `directory` holds the run of another config, or a config with unknown keys."""
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
