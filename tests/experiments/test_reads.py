"""A recipe that reads others sees the records they left in the same folder, in its claims and in its figures."""

from dataclasses import replace

import pytest

from fake_recipe import calm, recipe, register, troubled
from rewire.experiments import Claim, Recipe, run_recipes, summarise
from rewire.report.section import finished_records
from rewire.runs import Records


def neighbour_losses(records: Records):
    return summarise(records.where(label="fake/good:calm", step=12).values("loss"), holds=True)


@pytest.fixture
def good(monkeypatch) -> Recipe:
    good = recipe("good", calm(), troubled("nan"))
    register(monkeypatch, good)
    return good


READER = replace(
    recipe("reader", calm(steps=3), claims=(Claim("F-2", "the neighbour's loss", "0.5", "Fig 2", neighbour_losses),)),
    reads=("fake/good",),
)


def test_claims_and_figures_see_the_neighbours_finished_runs_of_any_seed(good, tmp_path):
    run_recipes([good], out=tmp_path, seeds=[5, 6, 7], jobs=2)
    (row,) = run_recipes([READER], out=tmp_path, jobs=1).rows
    assert (row["verdict"], row["n"]) == ("reproduced", 3)
    records = finished_records(READER, "quick", tmp_path, [0, 1])
    assert {label: sorted(rows.by("seed")) for label, rows in records.by("label").items()} == {
        "calm": [0, 1],
        "fake/good:calm": [5, 6, 7],
    }


def test_in_one_command_the_order_does_not_matter(good, tmp_path):
    rows = run_recipes([READER, good], out=tmp_path, jobs=2).rows
    assert {row["claim"]: row["n"] for row in rows} == {"F-2": 2, "F-1": 2}


def test_a_claim_about_a_neighbour_without_runs_is_not_run(good, tmp_path):
    (row,) = run_recipes([READER], out=tmp_path, jobs=1).rows
    assert (row["verdict"], row["n"]) == ("not run", 0)
