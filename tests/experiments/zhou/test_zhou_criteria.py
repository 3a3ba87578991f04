"""zhou/criteria: the plane and its regions on the digits, and verdicts on hand-made records."""

from dataclasses import replace

import pytest
import torch
from zhou_case import TINY, measured, recorded, stages

from rewire.experiments.zhou.criteria.recipe import RECIPE
from rewire.experiments.zhou.criteria.regions import RANKED, misplaced
from rewire.experiments.zhou.criteria.stages import BAD, CRITERIA, GOOD, PLANE, PlaneConfig
from rewire.masks import CRITERIA as FORMULAS
from rewire.masks import score, select
from rewire.runs import Records
from rewire.tickets.untrained import ZHOU


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    config = PlaneConfig(**{**vars(TINY), "levels": 0}, points=20)
    rows = recorded(config, tmp_path_factory.mktemp("plane"), RECIPE.execute)
    return Records([{"label": PLANE, "seed": 0, **row} for row in rows])


def test_every_mask_is_the_region_of_its_formula(plane):
    outcome = measured(RECIPE, "ZH-1", plane)
    assert outcome.ours == 0
    assert outcome.holds
    assert "9 criteria" in outcome.note
    assert len([row for row in plane if "misplaced" in row]) == 9 * 3
    points = [row for row in plane if "point" in row]
    assert len(points) == 3 * 20
    assert all(row[name] in (0, 1) for row in points for name in CRITERIA)


@pytest.mark.parametrize("name", RANKED)
def test_a_misplaced_weight_is_found(name):
    generator = torch.Generator().manual_seed(0)
    init, final = torch.randn(400, generator=generator), torch.randn(400, generator=generator)
    scores = score(name, {"init": {"w": init}, "final": {"w": final}})
    on = select(scores, 0.3)["w"]
    assert misplaced(name, init, final, on) == 0
    wrong = on.clone()
    wrong[scores["w"].argmax()] = False  # the best is pruned
    assert misplaced(name, init, final, wrong) >= 1


def test_the_nine_are_those_of_the_paper():
    assert set(CRITERIA) == set(ZHOU)
    assert set(CRITERIA) <= set(FORMULAS)
    assert set(RANKED) == set(CRITERIA) - {"random"}


def test_one_search_per_criterion(tmp_path):
    for budget in ("quick", "full"):
        planned = {stage.label: stage.config for stage in RECIPE.stages(budget)}
        assert [config.criterion for label, config in planned.items() if label != PLANE] == list(CRITERIA)
    assert planned["random"].epochs == 55
    assert planned["random"].levels == 24
    rows = recorded(replace(TINY, criterion="movement"), tmp_path, RECIPE.execute)
    assert [round(density, 2) for density in rows.where(split="test").values("density")] == [1.0, 0.51, 0.26]


def curves(**changed):
    """Four levels below 20 %; each criterion's accuracies at levels 3 and 4 count."""
    usual = dict.fromkeys(GOOD, 0.95) | dict.fromkeys(BAD, 0.3) | {"random": 0.9, "large_init": 0.91}
    accuracies = usual | {"small_init_small_final": 0.4} | changed
    return stages({name: [0.97, 0.97, 0.97, value, value] for name, value in accuracies.items()})


def test_the_order_is_judged_on_sparse_levels():
    outcome = measured(RECIPE, "ZH-2", curves())
    assert outcome.holds
    assert outcome.ours == pytest.approx(5.0)
    assert not measured(RECIPE, "ZH-2", curves(movement=0.89)).holds
    assert not measured(RECIPE, "ZH-2", curves(small_init=0.901)).holds
    assert "random − small_init +50.00 pp" in measured(RECIPE, "ZH-2", curves(small_init=0.4)).note


@pytest.mark.parametrize(("gain", "holds"), [(0.01, True), (-0.002, True), (-0.004, False)])
def test_magnitude_increase_may_be_slightly_worse(gain, holds):
    outcome = measured(RECIPE, "ZH-2-increase", curves(magnitude_increase=0.95 + gain))
    assert outcome.holds is holds
    assert outcome.ours == pytest.approx(100 * gain)


def test_figures(plane, tmp_path):
    assert RECIPE.draw(Records([]), tmp_path) == []
    names = [figure.name for figure in RECIPE.draw(Records([*plane, *curves()]), tmp_path)]
    assert names == ["plane-1", "plane-2", "plane-3", "levels"]
