"""The synthetic runs of `synthetic.py` as fixtures."""

from collections.abc import Callable
from pathlib import Path

import pytest
from synthetic import claim, recipe, write_results, write_runs

from rewire.experiments.recipe import Recipe
from rewire.report import build


@pytest.fixture
def recipes() -> dict[str, Recipe]:
    names = ("light-switch/colours", "light-switch/noise", "light-switch/mnist")
    return {name: recipe(name) for name in names}


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    root = tmp_path / "runs"
    write_runs(root, "light-switch/colours")
    rows = [claim("LS-5a"), claim("LS-5b", "not reproduced", ours=0.5), claim("LS-10", "artefact", ours=0.1)]
    write_results(root, "light-switch/colours", "full", rows)
    scaled = claim(
        "LS-2a", "scaled", budget="quick", holds=False, recipe="light-switch/noise", ours="constant", std=None
    )
    write_results(root, "light-switch/noise", "quick", [scaled])
    return root


@pytest.fixture
def page(runs: Path, recipes: dict[str, Recipe], tmp_path: Path) -> Callable[[], str]:
    """Builds the page and returns its text."""
    return lambda: build(runs, tmp_path / "report.html", recipes).read_text(encoding="utf-8")
