"""One live line on a terminal, plain lines when piped."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from fake_recipe import calm, recipe
from rewire.experiments import plan, progress
from rewire.experiments.progress import Progress
from rewire.experiments.worker import Failure


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


@pytest.fixture
def jobs():
    return plan(recipe("good", calm()), "quick", Path("runs"))


def display(terminal: bool, total: int) -> tuple[Progress, io.StringIO]:
    file = io.StringIO()
    return Progress(total, Console(file=file, force_terminal=terminal, width=200)), file


def test_the_line_tells_position_numbers_speed_and_time_left(clock, jobs):
    shown, _ = display(terminal=False, total=2)
    shown.started(jobs[0])
    clock.now += 1
    shown.progress(jobs[0], {"level": 3, "step": 10, "steps": 100, "loss": 0.51234, "task": "red"})
    clock.now += 4
    shown.progress(jobs[0], {"step": 50, "accuracy": 0.9, "density": 0.25})
    assert shown.line(jobs[0]) == (
        "[0/2] · fake/good calm seed 0 · level 3 step 50/100 · task red loss 0.5123 accuracy 0.9 density 0.25 "
        "· 10 steps/s · ETA 0:15"  # half a run took 5 s, one and a half are left
    )
    shown.started(jobs[1])
    assert "· +1 more ·" in shown.line(jobs[0])


def test_a_pipe_gets_a_line_per_run_and_now_and_then_one_between(clock, jobs):
    shown, file = display(terminal=False, total=2)
    with shown:
        shown.started(jobs[0])
        for step in range(100):
            clock.now += 1
            shown.progress(jobs[0], {"step": step, "steps": 100, "loss": 0.5})
        shown.finished(jobs[0], None)
        shown.started(jobs[1])
        shown.finished(jobs[1], Failure("told at the end", bad_input=False))
    lines = file.getvalue().splitlines()
    assert len(lines) == 4
    assert lines[-1] == "[1/2] · fake/good calm seed 0 · loss 0.5 · 100.0 s"
    assert shown.failed == 1


def test_a_terminal_gets_a_line_that_is_rewritten(jobs):
    shown, file = display(terminal=True, total=2)
    with shown:
        shown.started(jobs[0])
        shown.progress(jobs[0], {"step": 50, "steps": 100, "loss": 0.5})
        assert shown._live is not None
        shown._live.refresh()
        shown.finished(jobs[0], None)
    output = file.getvalue()
    assert "step 50/100" in output
    assert "\x1b[2K" in output  # the line is erased
    assert "[1/2] · fake/good calm seed 0" in output


def test_nothing_to_do_leaves_the_terminal_alone():
    shown, file = display(terminal=True, total=0)
    with shown:
        pass
    assert file.getvalue() == ""


def test_a_config_that_cannot_be_hashed_is_no_trouble(jobs):
    shown, _ = display(terminal=False, total=1)
    shown.started(replace(jobs[0], config=[]))
    assert "step" not in shown.line(replace(jobs[0], config=[]))
