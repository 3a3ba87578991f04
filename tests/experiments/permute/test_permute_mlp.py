"""permute/mlp: one θ0 for two datasets, and its verdicts on hand-made records."""

from dataclasses import replace

import pytest
from permute_training import TINY, as_records, claimed, curve, once, recorded

from rewire.experiments.permute.mlp.recipe import RECIPE
from rewire.experiments.permute.mlp.stages import (
    ADAM,
    BRACKET,
    DATASETS,
    FASHION,
    MNIST,
    PROJECT,
    PROTOCOL,
    SGPERM,
    WAYS,
    named,
)
from rewire.experiments.permute.shared import training
from rewire.experiments.permute.shared.data import load
from rewire.figures import save
from rewire.runs import Records

SMALL = replace(PROTOCOL, **TINY | {"steps": 8, "evaluate_every": 4})


def test_two_datasets_begin_and_end_with_the_same_values(tmp_path, monkeypatch):
    first = recorded(SMALL, tmp_path / "first", RECIPE.execute)
    other = replace(SMALL, train_images=100)  # other images; the digits stand for both datasets
    second = recorded(other, tmp_path / "second", RECIPE.execute)
    assert first.values("accuracy") != second.values("accuracy")
    for key in ("theta0", "values0", "values", "weights"):
        assert first.values(key) == second.values(key)
    assert first.values("values") == first.values("values0")
    assert first.values("permuted") == second.values("permuted") == [True]


def test_seeds_begin_with_other_values(tmp_path):
    first, second = (recorded(replace(SMALL, steps=1), tmp_path / str(seed), RECIPE.execute, seed) for seed in (0, 1))
    assert first.values("theta0") != second.values("theta0")


def test_biases_begin_at_zero_and_weights_within_hes_bound():
    task = load(SMALL, 0)
    model = training.build(replace(SMALL, init="kaiming uniform"), task.test[:1][0], 0)
    *_, (_, weight), (_, bias) = list(model.named_parameters())[:2], *list(model.named_parameters())[:2]
    assert not bias.any()
    assert 0.99 * (6 / 64) ** 0.5 < weight.abs().max() <= (6 / 64) ** 0.5


def hand_made(sgperm=0.95, fashion_start="a", values="v", permuted=True) -> Records:
    tables = []
    for dataset in DATASETS:
        start = fashion_start if dataset == FASHION else "a"
        for way in WAYS:
            accuracy = 0.94 if way == ADAM else sgperm
            found = {0: [0.1] * 3, 100: [0.5] * 3, 400: [0.8] * 3, 800: [accuracy] * 3}
            tables.append(curve(named(way, dataset), found))
            record = {"theta0": start, "values0": "v", "values": values, "permuted": permuted}
            tables.append(once(named(way, dataset), **record, log2_permutations=8000.0, weights=1000))
    return as_records(*tables)


@pytest.mark.parametrize(("sgperm", "ours", "holds"), [(0.95, 1.0, True), (0.9301, -0.99, True), (0.929, -1.1, False)])
def test_sgperm_may_lose_a_point(sgperm, ours, holds):
    for name in ("P2-12-mnist", "P2-12-fashion-mnist"):
        outcome = claimed(RECIPE, name).measure(hand_made(sgperm))
        assert outcome.holds is holds
        assert outcome.ours == pytest.approx(ours)


@pytest.mark.parametrize(("sgperm", "ours", "holds"), [(0.95, 1.0, True), (0.939, -0.1, False)])
def test_being_ahead_is_another_claim(sgperm, ours, holds):
    outcome = claimed(RECIPE, "P2-12-ahead").measure(hand_made(sgperm))
    assert (outcome.holds, outcome.n) == (holds, 3)
    assert outcome.ours == pytest.approx(ours)


@pytest.mark.parametrize("changed", [{"fashion_start": "b"}, {"values": "w"}, {"permuted": False}])
def test_one_set_of_values_is_told_by_its_digests(changed):
    claim = claimed(RECIPE, "P2-12-values")
    outcome = claim.measure(hand_made())
    assert (outcome.ours, outcome.holds) == ("3 of 3", True)
    assert "8.00 bits a weight" in outcome.note
    assert claim.measure(hand_made(**changed)).holds is False


def test_ways_that_were_not_run_are_left_out():
    records = Records([row for row in hand_made() if row["label"] not in (named(w, MNIST) for w in (BRACKET, PROJECT))])
    note = claimed(RECIPE, "P2-12-mnist").measure(records).note
    assert SGPERM in note
    assert BRACKET not in note


def test_claims_without_records_are_not_measured():
    for claim in RECIPE.claims:
        with pytest.raises(LookupError):
            claim.measure(Records([{"label": "another", "seed": 0}]))


def test_figures_follow_the_records(tmp_path):
    assert RECIPE.draw(Records([]), tmp_path) == []
    (figure,) = RECIPE.draw(hand_made(), tmp_path)
    assert save(figure, tmp_path).png.exists()


@pytest.mark.parametrize("budget", ["quick", "full"])
def test_only_dataset_and_way_differ(budget):
    stages = RECIPE.stages(budget)
    for stage in stages:
        changed = {name for name in vars(PROTOCOL) if getattr(PROTOCOL, name) != getattr(stage.config, name)}
        assert changed <= {"dataset", "method", "match"}
    assert all(len(stage.seeds) >= 3 for stage in stages if stage.label.startswith((f"{SGPERM} on", ADAM)))
