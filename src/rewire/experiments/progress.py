"""How a command's runs are doing: one live line on a terminal, plain lines when piped. Everything goes to stderr."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

from rewire.experiments.plan import Job
from rewire.experiments.worker import Failure

SHOWN = ("task", "loss", "accuracy", "mse", "density")  # of a run's latest records, in this order
PLAIN_EVERY = 30.0  # seconds between progress lines in a log


class Progress:
    """A listener that shows the jobs of one command; use it as a context manager.

    Arguments:
        total: how many jobs there are.
        console: where to show them; stderr by default.
    """

    def __init__(self, total: int, console: Console | None = None) -> None:
        self.console = console or Console(file=sys.stderr, highlight=False, soft_wrap=True)
        self.total = total
        self.done = 0
        self.failed = 0
        self._running: dict[Path, _Pace] = {}
        self._start = time.monotonic()
        self._last_line = self._start
        live = total > 0 and self.console.is_terminal
        self._live = Live(console=self.console, transient=True, refresh_per_second=8) if live else None

    def __enter__(self) -> "Progress":
        if self._live:
            self._live.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._live:
            self._live.stop()

    def started(self, job: Job) -> None:
        self._running[job.directory] = _Pace()
        self._show(job)

    def progress(self, job: Job, state: dict[str, Any]) -> None:
        self._running[job.directory].update(state)
        self._show(job)

    def finished(self, job: Job, failure: Failure | None) -> None:
        pace = self._running.pop(job.directory)
        self.done += 1
        if failure:
            self.failed += 1  # told once, with its reason, when all is over
        else:
            self.console.print(Text(_joined(self._count, job.name, _facts(pace.state), f"{pace.seconds:.1f} s")))

    @property
    def _count(self) -> str:
        return f"[{self.done}/{self.total}, {self.failed} failed]" if self.failed else f"[{self.done}/{self.total}]"

    def _show(self, job: Job) -> None:
        if self._live:
            return self._live.update(Text(self.line(job), overflow="ellipsis", no_wrap=True))
        if (now := time.monotonic()) - self._last_line >= PLAIN_EVERY:
            self._last_line = now
            self.console.print(Text(self.line(job)))
        return None

    def line(self, job: Job) -> str:
        """The live line: how many runs are done, this run's step, numbers and speed, and when all should be over."""
        pace = self._running[job.directory]
        others = f"+{len(self._running) - 1} more" if len(self._running) > 1 else ""
        return _joined(self._count, job.name, others, pace.position, _facts(pace.state), pace.speed, self._eta())

    def _eta(self) -> str:
        """Time left if the rest goes as what is behind us, in units of runs."""
        behind = self.done + sum(pace.fraction for pace in self._running.values())
        if not behind:
            return ""
        left = (time.monotonic() - self._start) * (self.total - behind) / behind
        return f"ETA {int(left) // 60}:{int(left) % 60:02d}"


class _Pace:
    """The latest numbers of a run, and how fast it moves."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {}
        self._start = time.monotonic()
        self._first: tuple[float, int] | None = None  # when the first step was heard of: a resumed run starts late

    def update(self, state: dict[str, Any]) -> None:
        self.state |= state
        if self._first is None and "step" in state:
            self._first = (time.monotonic(), state["step"])

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._start

    @property
    def fraction(self) -> float:
        step, steps = self.state.get("step", 0), self.state.get("steps")
        return min(1.0, step / steps) if steps else 0.0

    @property
    def position(self) -> str:
        names = [name for name in ("level", "epoch", "step") if name in self.state]
        parts = [f"{name} {self.state[name]}" for name in names]
        if "step" in names and "steps" in self.state:
            parts[-1] += f"/{self.state['steps']}"
        return " ".join(parts)

    @property
    def speed(self) -> str:
        if self._first is None:
            return ""
        elapsed, steps = time.monotonic() - self._first[0], self.state["step"] - self._first[1]
        return f"{steps / elapsed:.0f} steps/s" if steps > 0 and elapsed > 0 else ""


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def _facts(state: Mapping[str, Any]) -> str:
    return " ".join(f"{name} {_short(state[name])}" for name in SHOWN if state.get(name) is not None)


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
