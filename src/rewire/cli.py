"""The command line: list · run · report · inspect · bench. Bad input is one line on stderr and exit status 2."""

import os
import shlex
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from types import FrameType

from rewire import __version__


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status.

    0 done, 1 a run failed, 2 bad input, 130 stopped by Ctrl-C or SIGTERM, 141 nobody read the output to its end.
    """
    words = list(sys.argv[1:] if argv is None else argv) or ["--help"]
    try:
        with _stoppable():
            _replace_unprintable()
            try:
                return _perform(words)
            finally:  # also when --help exits: a reader that left is noticed here
                sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python's last flush would fail as well
        return 141
    except (ValueError, OSError) as error:
        from rewire.experiments.worker import one_line

        print(f"rewire: {one_line(error, resumes=words[0] == 'run')}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"rewire: stopped; to resume: {shlex.join(['rewire', *words])}", file=sys.stderr)
        return 130


def _perform(words: Sequence[str]) -> int:
    if words == ["--version"]:
        print(__version__)
        return 0
    from rewire.commands import ACTIONS  # here, where a Ctrl-C while modules load is caught
    from rewire.options import parse

    options = parse(words)
    return ACTIONS[type(options)](options)


@contextmanager
def _stoppable() -> Iterator[None]:
    """Within, SIGTERM stops as Ctrl-C does, so that runs are saved; further ones wait for that."""
    if threading.current_thread() is not threading.main_thread():  # where Python sets no handlers
        yield
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _replace_unprintable() -> None:
    """Where a stream cannot encode a character, a question mark is better than an error after all the work."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


if __name__ == "__main__":
    sys.exit(main())
