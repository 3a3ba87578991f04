"""zhou/mask-one and zhou/mask-zero: searches on the digits, and verdicts on hand-made records."""

from dataclasses import replace

import pytest
from zhou_case import TINY, measured, recorded, stages

from rewire.experiments.zhou.mask_one.recipe import RECIPE as MASK_ONE
from rewire.experiments.zhou.mask_one.stages import ACTIONS, REWIND, SIGNED, signed
from rewire.experiments.zhou.mask_zero.recipe import RECIPE as MASK_ZERO
from rewire.experiments.zhou.mask_zero.stages import FREEZE, OPPOSITE, RANDOM, TREATMENTS, VARIANT_1, VARIANT_2, ZERO
from rewire.experiments.zhou.shared.runs import MASK_ONES
from rewire.runs import Records

RECIPES = [MASK_ONE, MASK_ZERO]


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_treatment_is_searched_with(recipe, tmp_path):
    accuracies = {}
    for stage in recipe.stages("quick"):
        actions = {"mask_one": stage.config.mask_one, "mask_zero": stage.config.mask_zero}
        rows = recorded(replace(TINY, **actions), tmp_path / stage.label, recipe.execute).where(split="test")
        assert rows.values("level") == [0, 1, 2]
        accuracies[stage.label] = rows.values("loss")
    first = {losses[0] for losses in accuracies.values()}
    assert len(first) == 1  # the dense network is everyone's
    assert len({losses[1] for losses in accuracies.values()}) == len(accuracies)  # and the next level each one's own


@pytest.mark.parametrize("recipe", RECIPES)
def test_full_is_the_papers_protocol(recipe):
    for stage in recipe.stages("full"):
        config = stage.config
        assert (config.epochs, config.levels, config.keep, config.output_keep) == (55, 24, 0.8, 0.9)
        assert (config.lr, config.batch_size, config.weight_decay) == (1.2e-3, 60, 0)
        assert len(stage.seeds) == 5
        assert config.sparse_below is None or config.mask_zero == "zero"
        assert config.mask_one in MASK_ONES


def ones(**changed):
    usual = {REWIND: 0.95} | dict.fromkeys(SIGNED, 0.949) | dict.fromkeys(ACTIONS, 0.9)
    return stages({name: [0.97, 0.97, 0.97, value, value] for name, value in (usual | changed).items()})


def test_every_signed_action_must_beat_its_own():
    outcome = measured(MASK_ONE, "ZH-3", ones(constant=0.92))
    assert outcome.holds
    assert outcome.ours == pytest.approx(2.9)
    assert not measured(MASK_ONE, "ZH-3", ones(constant=0.95)).holds


@pytest.mark.parametrize(("accuracy", "holds"), [(0.96, True), (0.946, True), (0.944, False)])
def test_signed_actions_must_come_near_rewinding(accuracy, holds):
    outcome = measured(MASK_ONE, "ZH-3-rewind", ones(**{signed("reshuffle"): accuracy}))
    assert outcome.holds is holds
    assert outcome.ours == pytest.approx(100 * (min(accuracy, 0.949) - 0.95))


USUAL = {ZERO: 0.93, FREEZE: 0.91, VARIANT_1: 0.935, VARIANT_2: 0.95, RANDOM: 0.92, OPPOSITE: 0.9}


def zeros(**changed):
    curves = {name: [0.97, 0.96, 0.96, 0.96, value, value] for name, value in USUAL.items()}
    return stages(curves | changed)


def test_variants_must_come_in_order():
    outcome = measured(MASK_ZERO, "ZH-4", zeros())
    assert outcome.holds
    assert outcome.ours == pytest.approx(2.0)
    worse = {VARIANT_1: [0.97, 0.96, 0.96, 0.96, 0.9, 0.9]}
    assert not measured(MASK_ZERO, "ZH-4", zeros(**worse)).holds
    assert not measured(MASK_ZERO, "ZH-4-controls", zeros(**worse)).holds


def test_controls_must_do_worse():
    outcome = measured(MASK_ZERO, "ZH-4-controls", zeros())
    assert outcome.holds
    assert outcome.ours == pytest.approx(1.5)


def test_the_sparsest_level_does_not_count_for_freezing():
    frozen = [0.97, 0.95, 0.95, 0.95, 0.92, 0.99]
    outcome = measured(MASK_ZERO, "ZH-4-freeze", zeros(**{FREEZE: frozen}))
    assert outcome.holds
    assert outcome.ours == pytest.approx(-1.0)
    assert "3.1 % +6.00" in outcome.note
    assert not measured(MASK_ZERO, "ZH-4-freeze", zeros(**{FREEZE: [0.97] * 6})).holds


@pytest.mark.parametrize(("peak", "holds"), [(0.965, True), (0.955, False)])
def test_peaks(peak, holds):
    outcome = measured(MASK_ZERO, "ZH-4-peak", zeros(**{VARIANT_2: [0.97, 0.95, peak, 0.95, 0.9, 0.9]}))
    assert outcome.holds is holds
    assert outcome.ours == pytest.approx(100 * (peak - 0.96))


@pytest.mark.parametrize(("recipe", "records"), [(MASK_ONE, ones()), (MASK_ZERO, zeros())])
def test_figures_and_missing_records(recipe, records, tmp_path):
    assert recipe.draw(Records([]), tmp_path) == []
    assert [figure.name for figure in recipe.draw(records, tmp_path)] == ["levels"]
    for claim in recipe.claims:
        with pytest.raises(LookupError):
            claim.measure(Records([row for row in records if row["label"] == REWIND]))


def test_treatments_are_all_run():
    assert [stage.label for stage in MASK_ZERO.stages("quick")] == list(TREATMENTS)
