"""The verdicts of tickets/lenet5 on hand-made records."""

import pytest
from search_case import as_records, by_level, claimed

from rewire.experiments.tickets.lenet5.recipe import RECIPE
from rewire.experiments.tickets.lenet5.stages import CONV2, STANDARD
from rewire.runs import Records

KEEP = 0.35  # levels at 100, 35, 12, 4.3 and 1.5 % left


def trained(standard, conv2=()):
    three = [[value, value, value] for value in standard]
    return as_records(by_level(STANDARD, three, KEEP), by_level(CONV2, [[value] for value in conv2], KEEP))


@pytest.mark.parametrize(("at_twelve", "holds"), [(0.99, True), (0.98, False)])
def test_a_seventh_may_lose_half_a_point(at_twelve, holds):
    outcome = claimed(RECIPE, "LT-2").measure(trained([0.99, 0.99, at_twelve, 0.9, 0.5]))
    assert outcome.holds is holds
    assert (outcome.ours, outcome.n) == (pytest.approx(at_twelve), 3)


@pytest.mark.parametrize(
    ("accuracies", "holds"),
    [([0.99, 0.99, 0.98, 0.7, 0.5], True), ([0.99, 0.99, 0.7, 0.6, 0.5], False), ([0.99] * 5, False)],
)
def test_the_collapse_must_come_within_the_last_twentieth(accuracies, holds):
    outcome = claimed(RECIPE, "LT-2-collapse").measure(trained(accuracies, conv2=[0.99] * 5))
    assert outcome.holds is holds
    assert "Conv-2) none (down to 1.5 %)" in outcome.note


def test_figures_need_records(tmp_path):
    assert RECIPE.draw(Records([]), tmp_path) == []
    assert [figure.name for figure in RECIPE.draw(trained([0.99, 0.98]), tmp_path)] == ["levels"]
