"""The examples run, and show what they promise."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


def output(name: str) -> str:
    done = subprocess.run([sys.executable, "-W", "error", str(EXAMPLES / name)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_light_switch_learns_both_tasks_and_merges_to_the_same_accuracy():
    text = output("light_switch.py")
    accuracy = [float(number) for number in re.findall(r"accuracy (\d\.\d+)", text)]
    assert len(accuracy) == 3
    assert min(accuracy) > 0.85
    assert accuracy[1] == accuracy[2]


def test_any_module_learns_two_tasks_of_a_transformer():
    text = output("any_module.py")
    both, wanted = ([float(number) for number in re.findall(r"-?\d+\.\d+", line)] for line in text.splitlines()[-2:])
    assert both == pytest.approx(wanted, abs=1.5)


def test_permute_to_train_learns_by_moving_and_is_stored_in_a_quarter():
    text = output("permute_to_train.py")
    accuracy = [float(number) for number in re.findall(r"accuracy (\d\.\d+)", text)]
    assert min(accuracy) > 0.75
    assert accuracy[0] == accuracy[2]
    assert text.count("the same values: True") == 2
    size, plain = map(int, re.findall(r"stored in (\d+) of (\d+) bytes", text)[0])
    assert size < plain / 4


def test_every_example_is_tested():
    tested = set(re.findall(r"\w+\.py", Path(__file__).read_text()))
    assert {path.name for path in EXAMPLES.glob("*.py")} <= tested
