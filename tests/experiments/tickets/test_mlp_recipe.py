"""The verdicts of tickets/mlp on hand-made records, and its figures."""

import pytest
from search_case import as_records, by_level, claimed

from rewire.experiments.claim import verdict
from rewire.experiments.tickets.mlp.recipe import RECIPE
from rewire.experiments.tickets.mlp.stages import FAITHFUL, GENTLE, POPULAR
from rewire.runs import Records

KEEP = 0.3  # levels at 100, 30, 9, 2.7 and .81 % left


def trained(faithful=(0.97, 0.98, 0.97, 0.96, 0.7), popular=(0.94, 0.94, 0.94, 0.6, 0.5)):
    """Three seeds of the faithful trainer, one of each other; two outputs are without a weight at the last level."""
    three = [[value, value + 0.001, value + 0.002] for value in faithful]
    one = {POPULAR: popular, GENTLE: [0.97] * 5}
    units = [
        {
            "label": label,
            "seed": seed,
            "level": level,
            "density": KEEP**level,
            "unit": unit,
            "unit_kept": max(unit - 2 * (level > 3), 0),
        }
        for label in (FAITHFUL, POPULAR, GENTLE)
        for seed in range(3)
        for level in range(5)
        for unit in range(1, 11)
    ]
    each = [by_level(label, [[value] for value in values], KEEP) for label, values in one.items()]
    return as_records(by_level(FAITHFUL, three, KEEP), *each, units)


@pytest.mark.parametrize(("at_nine", "holds"), [(0.97, True), (0.9651, True), (0.9649, False)])
def test_a_tenth_may_lose_half_a_point(at_nine, holds):
    outcome = claimed(RECIPE, "LT-1").measure(trained(faithful=(0.97, 0.98, at_nine, 0.9, 0.7)))
    assert outcome.holds is holds
    assert outcome.ours == pytest.approx(at_nine + 0.001)
    assert "at 9 % left" in outcome.note


@pytest.mark.parametrize(
    ("faithful", "popular", "holds"),
    [
        ((0.97, 0.98, 0.97, 0.96, 0.7), (0.94, 0.94, 0.94, 0.6, 0.5), True),
        ((0.97, 0.98, 0.97, 0.96, 0.9), (0.94, 0.94, 0.94, 0.6, 0.5), True),  # the faithful one never collapses
        (
            (0.97, 0.98, 0.97, 0.6, 0.5),
            (0.94, 0.94, 0.94, 0.6, 0.5),
            False,
        ),  # both at once: the defect explains nothing
        ((0.97, 0.98, 0.97, 0.96, 0.7), (0.94, 0.94, 0.6, 0.6, 0.5), False),  # before 95 %
        ((0.97, 0.98, 0.97, 0.96, 0.7), (0.94, 0.94, 0.94, 0.9, 0.9), False),  # not at all
    ],
)
def test_the_collapse_is_the_defects_only_where_it_alone_collapses_so_soon(faithful, popular, holds):
    claim = claimed(RECIPE, "LT-1-collapse")
    outcome = claim.measure(trained(faithful, popular))
    assert outcome.holds is holds
    assert verdict(claim, outcome, "full") == ("artefact" if holds else "not reproduced")


def test_the_collapse_is_told_by_the_best_epoch():
    records = trained()
    better = Records([row | {"best_accuracy": 0.85} if row["label"] == POPULAR else row for row in records])
    assert claimed(RECIPE, "LT-1-collapse").measure(better).holds is False


@pytest.mark.parametrize(("best", "holds"), [(0.98, True), (0.96, False)])
def test_some_level_must_gain(best, holds):
    outcome = claimed(RECIPE, "LT-4").measure(trained(faithful=(0.97, best, 0.95, 0.9, 0.7)))
    assert outcome.holds is holds
    assert outcome.ours == pytest.approx(100 * (best - 0.97))
    assert outcome.n == 3


def test_two_seeds_are_too_few_for_a_gain():
    with pytest.raises(ValueError, match="at least 3 seeds; got 2"):
        claimed(RECIPE, "LT-4").measure(Records([row for row in trained() if row["seed"] < 2]))


@pytest.mark.parametrize("budget", ["quick", "full"])
def test_trainers_differ_by_their_defects_alone(budget):
    faithful, *others = (stage.config for stage in RECIPE.stages(budget))
    changed = [{name for name in vars(faithful) if getattr(faithful, name) != getattr(each, name)} for each in others]
    assert changed == [{"frozen_negatives", "biases"}, {"output_keep"}]


def test_outputs_without_a_weight_are_counted_where_the_accuracy_falls():
    note = claimed(RECIPE, "LT-1-collapse").measure(trained()).note
    assert "popular repository 2.7 % (0 outputs without a weight) by its best test epoch" in note
    assert "faithful 0.81 % (2 outputs without a weight)" in note
    assert "output layer at half the rate none down to 0.81 %" in note


def test_figures_need_records(tmp_path):
    assert RECIPE.draw(Records([]), tmp_path) == []
    records = trained()
    assert [figure.name for figure in RECIPE.draw(records, tmp_path)] == ["levels", "units"]
    better = Records([row | {"best_accuracy": 0.99} if "accuracy" in row else row for row in records])
    assert [figure.name for figure in RECIPE.draw(better, tmp_path)] == ["levels", "reporting", "units"]
