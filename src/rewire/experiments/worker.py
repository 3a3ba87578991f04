"""What happens in a worker process: take a job, run it, report, until told to stop."""

import errno
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from rewire.experiments.plan import Job
from rewire.experiments.recipe import Context
from rewire.runs import open_run, write_atomic

REPORT_EVERY = 0.1  # seconds between progress messages; more would cost steps and nobody could read them
TRACEBACK = "error.txt"


@dataclass(frozen=True)
class Settings:
    """What all jobs of one command share."""

    device: str = "cpu"
    data: Path | None = None
    threads: int = 1


@dataclass(frozen=True)
class Failure:
    """Why a run stopped, in one line, and whether its input (data, folder, arguments) is at fault."""

    message: str
    bad_input: bool


def serve(connection: Connection, settings: Settings) -> None:
    """Run the jobs that arrive until None does. Sends a dict as progress, and a Failure or None as a job's end."""
    _obey_parent()
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(settings.threads)  # read when torch is first imported, which is later, inside a job
    try:
        while (job := connection.recv()) is not None:
            connection.send(attempt(job, settings, _seldom(connection.send)))
    except (KeyboardInterrupt, EOFError, BrokenPipeError):
        return  # asked to stop (the job has saved what it could), or nobody is listening any more


def attempt(job: Job, settings: Settings, report: Callable[[Mapping[str, Any]], None]) -> Failure | None:
    """Run one job; a failure is a value, so that it costs no other run."""
    try:
        perform(job, settings, report)
    except Exception as error:
        return Failure(one_line(error, resumes=True), bad_input=isinstance(error, ValueError | OSError))
    return None


def perform(job: Job, settings: Settings, report: Callable[[Mapping[str, Any]], None]) -> None:
    """Run one job in its directory, or return at once when it is done."""
    with open_run(job.directory, job.config, device=settings.device, threads=settings.threads, watch=report) as run:
        if run.done:
            return
        if (steps := getattr(job.config, "steps", None)) is not None:
            report({"steps": steps})  # lets the display tell how far along the run is
        context = Context(job.seed, run.directory, run.sink, settings.device, settings.data, report)
        try:
            job.execute(job.config, context)
        except Exception:
            _keep_traceback(run.directory)
            raise
        (run.directory / TRACEBACK).unlink(missing_ok=True)


def one_line(error: BaseException, resumes: bool = False) -> str:
    """An error as one line; a full disk says what to do about it, and whether the command then `resumes`."""
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        where = f" at {error.filename}" if error.filename else ""
        return f"disk full{where}; free some space and run the same command again" + ", it resumes" * resumes
    text = " ".join(str(error).split())
    if isinstance(error, ValueError | RuntimeError | OSError) and text:
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _keep_traceback(directory: Path) -> None:
    with suppress(OSError):  # the disk may be what failed; the one-line message still arrives
        write_atomic(directory / TRACEBACK, traceback.format_exc().encode())


def _obey_parent() -> None:
    """Stop when the parent says so (SIGTERM), not with the terminal's Ctrl-C as well; die when the parent dies."""
    os.setpgrp()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _interrupt)
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _interrupt(signum: int, frame: Any) -> None:
    """Pass a first SIGTERM on as a Ctrl-C, which `fit` answers at the end of its step; ignore further ones."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.raise_signal(signal.SIGINT)


def _die_with_parent() -> None:
    """An orphan would hold its run directory's lock against the resumed command, so it goes at once."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _seldom(send: Callable[[dict[str, Any]], None]) -> Callable[[Mapping[str, Any]], None]:
    """Pass on what is known so far, at most every REPORT_EVERY seconds; records in between are merged."""
    state: dict[str, Any] = {}
    last = 0.0

    def report(news: Mapping[str, Any]) -> None:
        nonlocal last
        state.update(news)
        if (now := time.monotonic()) - last >= REPORT_EVERY:
            last = now
            send(dict(state))

    return report
