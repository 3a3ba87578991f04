"""tickets/optimizers: its claim on hand-made records, and a run of a few steps."""

import pytest
from transfer_case import claim, levels, made, tiny

from rewire.experiments import judge
from rewire.experiments.tickets.optimizers.figures import figures
from rewire.experiments.tickets.optimizers.recipe import RECIPE
from rewire.experiments.tickets.optimizers.stages import TRAININGS
from rewire.figures import save
from rewire.runs import Records


def records(sgd=0.976, adam=0.973):
    rows = [
        *levels("SGD", {0: [0.999] * 2, 2: [sgd - 0.001, sgd + 0.001], 8: [0.5, 0.6]}),
        *levels("Adam", {0: [0.999] * 2, 2: [0.96, 0.96], 8: [adam - 0.001, adam + 0.001]}),
        *levels("SGD", {2: [0.97, 0.97], 8: [0.55, 0.57]}, moved=True),
        *levels("Adam", {2: [0.95, 0.95], 8: [0.4, 0.42]}, moved=True),
    ]
    return Records(rows)


def test_the_best_pruned_levels_are_compared():
    outcome = claim(RECIPE, "LT-7").measure(records())
    assert (outcome.ours, outcome.n, outcome.holds) == ("97.60, 97.30", 2, True)
    assert "SGD 97.60 ± 0.14 % at 25 % left, dense 99.90 ± 0.00 %" in outcome.note
    assert "Adam 97.30 ± 0.14 % at 0.39 % left" in outcome.note


def test_each_mask_by_the_other_optimizer_stands_beside_that_optimizers_own():
    note = claim(RECIPE, "LT-7").measure(records()).note
    assert "SGD's mask, trained by Adam (Adam's own mask): 97.00 (96.00) at 25 %, 56.00 (97.30) at 0.39 % left" in note
    assert "Adam's mask, trained by SGD (SGD's own mask): 95.00 (97.60) at 25 %, 41.00 (55.00) at 0.39 % left" in note


@pytest.mark.parametrize(
    ("sgd", "adam", "fails"),
    [
        (
            0.984,
            0.978,
            "SGD within .7 pp of 97.52: no; Adam within .7 pp of 97.17: yes; within .7 pp of each other: yes",
        ),
        (
            0.979,
            0.983,
            "SGD within .7 pp of 97.52: yes; Adam within .7 pp of 97.17: no; within .7 pp of each other: yes",
        ),
        (
            0.982,
            0.974,
            "SGD within .7 pp of 97.52: yes; Adam within .7 pp of 97.17: yes; within .7 pp of each other: no",
        ),
    ],
)
def test_either_number_and_their_difference_can_fail(sgd, adam, fails):
    row = judge(claim(RECIPE, "LT-7"), records(sgd, adam), "full")
    assert row["verdict"] == "not reproduced"
    assert fails in row["note"]


def test_one_search_by_each_optimizer_moves_to_the_other():
    for budget in ("quick", "full"):
        sgd, adam = (stage.config for stage in RECIPE.stages(budget))
        assert (sgd.optimizer, sgd.to_optimizer, sgd.momentum) == ("sgd", "adam", 0.9)
        assert (adam.optimizer, adam.to_optimizer) == ("adam", "sgd")


def test_a_run_of_a_few_steps_and_its_figures(tmp_path):
    found = [
        row
        for stage in RECIPE.stages("quick")
        for row in made(tiny(stage.config, epochs=4, levels=2), tmp_path / stage.label, stage.label)
    ]
    drawn = figures(Records(found), tmp_path)
    assert [figure.name for figure in drawn] == ["levels", "training"]
    assert {row["label"] for row in drawn[0].rows} == set(TRAININGS.values())
    assert all(save(figure, tmp_path / "figures").png.stat().st_size > 5000 for figure in drawn)
    assert figures(Records([]), tmp_path) == []
