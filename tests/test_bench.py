"""Benchmarks are found in a checkout and nowhere else."""

import pytest

from rewire.bench import run

MODULE = """
def step():
    return {"ours": 2.0, "reference": 1.0, "ratio": 2.0, "unit": "ms/step", "threads": 1, "rounds": 3}

BENCHMARKS = {"gate-step": step, "gate-mixed": lambda: {**step(), "ratio": 1.1}}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "gates.py").write_text(MODULE)
    (tmp_path / "_timing.py").write_text("raise RuntimeError('helpers are not benchmarks')")
    return tmp_path


def test_all_or_the_named_ones(folder):
    assert [row["name"] for row in run(folder=folder)] == ["gate-step", "gate-mixed"]
    (row,) = run(["gate-mixed"], folder)
    assert (row["name"], row["ratio"], row["threads"]) == ("gate-mixed", 1.1, 1)


def test_an_unknown_name_suggests_the_nearest(folder):
    with pytest.raises(ValueError, match="got 'gate-stp' \\(did you mean 'gate-step'"):
        run(["gate-stp"], folder)


def test_outside_a_checkout_it_says_so(tmp_path):
    with pytest.raises(ValueError, match="must be run from a checkout of the source; got no folder"):
        run(folder=tmp_path / "benchmarks")
