"""One process per run directory. The lock belongs to the open file, so a killed process never leaves a stale one."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK = ".lock"


class InUseError(ValueError):
    """The run directory belongs to another live process; the message names its pid."""


@contextmanager
def locked(directory: Path, wait: float = 0.0) -> Iterator[None]:
    """Hold `directory` for this process alone. Raises InUseError when another holds it for longer than `wait` seconds.

    A short wait covers the moment the workers of a killed command need to notice that they are orphans.
    """
    # The file stays behind: unlinking it would let two processes lock two different files of the same name.
    descriptor = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _acquire(descriptor, directory, time.monotonic() + wait)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, directory: Path, deadline: float) -> None:
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                holder = os.pread(descriptor, 32, 0).decode() or "unknown"
                raise InUseError(
                    f"run directory must not be in use; got {directory}, held by process {holder}; "
                    "wait for that process or choose another --out"
                ) from None
            time.sleep(0.05)
