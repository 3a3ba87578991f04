"""permute/logistic on the digits, what all trainings share, and its verdicts on hand-made records."""

from dataclasses import replace

import pytest
import torch
from permute_training import TINY, Killed, as_records, claimed, context, curve, killed_after, once, recorded
from torch import nn

from rewire.experiments.permute.logistic import runs
from rewire.experiments.permute.logistic.recipe import RECIPE
from rewire.experiments.permute.logistic.stages import ADAM, BRACKET, PROJECT, SGPERM, WEIGHTS, LogisticConfig
from rewire.experiments.permute.shared.config import TrainConfig, looks, milestones
from rewire.experiments.permute.shared.data import class_means, load
from rewire.experiments.permute.shared.values import compared, correlations, digest, log2_factorial, multisets
from rewire.figures import save
from rewire.runs import Records, read_tensors

SMALL = LogisticConfig(**TINY | {"changes": 12})
WAYS = (SGPERM, BRACKET, PROJECT)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    directory = tmp_path_factory.mktemp("logistic")
    return directory, recorded(SMALL, directory, runs.run)


@pytest.mark.parametrize("match", ["bracket", "project"])
def test_every_way_to_match_learns_and_keeps_the_values(tmp_path, match):
    records = recorded(replace(SMALL, match=match), tmp_path, runs.run)
    assert records.values("permuted") == [True]
    assert records.values("accuracy")[-1] > 0.5


def test_a_run_says_what_it_did_to_the_values(small):
    directory, records = small
    assert records.where(split="test").values("step") == [0, 10, 20, 30]
    assert records.values("accuracy")[-1] > 0.5
    assert records.values("permuted") == [True]
    assert records.values("values") == records.values("values0")
    assert 0 < records.values("elsewhere")[0] <= 1
    tensors, _ = read_tensors(directory / WEIGHTS)
    assert torch.equal(tensors["before"].sort(1).values, tensors["after"].sort(1).values)


def test_the_first_changes_are_measured_within_their_step(small):
    changes = small[1].where(split="train")
    assert changes.values("step") == list(range(1, 13))
    assert all(0 < row["changed"] <= 640 and row["change"] > 0 for row in changes)
    assert all(row["length"] >= row["change"] for row in changes)


def test_strokes_are_told_per_digit_and_rise(small):
    rows = small[1].where(**{"with": "contrast"})
    assert rows.values("digit") == list(range(10))
    assert sum(rows.values("correlation_after")) > sum(rows.values("correlation_before"))


def test_a_killed_run_ends_with_the_same_bytes(tmp_path, small):
    with pytest.MonkeyPatch.context() as patch:
        killed_after(patch, 11)  # between two looks, among the measured changes
        with pytest.raises(Killed):
            runs.run(SMALL, context(tmp_path, checkpoint_every=0))
    recorded(SMALL, tmp_path, runs.run)
    for name in ("metrics.jsonl", WEIGHTS):
        assert (tmp_path / name).read_bytes() == (small[0] / name).read_bytes()


def test_adam_and_sgperm_begin_alike(tmp_path, small):
    adam = recorded(replace(SMALL, method="adam"), tmp_path, runs.run)
    assert adam.values("theta0") == small[1].values("theta0")
    assert adam.values("permuted") == [False]
    assert adam.where(step=0).values("accuracy") == small[1].where(step=0).values("accuracy")


def test_settings_that_nobody_knows_are_refused(tmp_path):
    for changed, message in (
        ({"method": "sgd"}, "method must be one of"),
        ({"model": "lenet"}, "model must be one of"),
    ):
        with pytest.raises(ValueError, match=message):
            runs.run(replace(SMALL, **changed), context(tmp_path))


def test_looks_and_milestones():
    config = TrainConfig(steps=47, evaluate_every=20, early=10, drops=(0.5,))
    assert sorted(looks(config)) == [0, 5, 10, 20, 40, 47]
    assert milestones(config) == [24]


def test_augmentation_is_for_training_alone_and_z_scores_for_both():
    config = TrainConfig(dataset="digits", z_score=True, turn=15.0, shift=0.125)
    task = load(config, 0)
    x, _ = task.train[:]
    assert x.mean().item() == pytest.approx(0, abs=1e-5)
    assert x.std().item() == pytest.approx(1, abs=1e-3)
    rows = torch.arange(50)
    changed, _ = task.train.batch(rows, torch.Generator().manual_seed(0))
    assert changed.shape == x[:50].shape
    assert not torch.allclose(changed, x[:50], atol=0.1)


def test_fewer_images_are_the_seeds():
    few = TrainConfig(dataset="digits", train_images=20, test_images=7)
    first, again, other = (load(few, seed).train for seed in (0, 0, 1))
    assert len(first) == 20
    assert torch.equal(first.rows, again.rows)
    assert not torch.equal(first.rows, other.rows)
    assert len(load(few, 0).test) == 7


def test_class_means_are_of_the_images_as_the_network_sees_them():
    examples = load(TrainConfig(dataset="digits"), 0).train
    x, y = examples[:]
    assert torch.allclose(class_means(examples)[3], x[y == 3].flatten(1).mean(0))


def test_values_are_compared_bit_for_bit():
    before = {"w": torch.tensor([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])}
    turned, crossed = {"w": before["w"].flip(1)}, {"w": before["w"].flip(0)}
    found = compared(before, turned)
    assert found["permuted"]
    assert found["elsewhere"] == pytest.approx(4 / 6)
    assert found["log2_permutations"] == pytest.approx(2 * log2_factorial(3))
    assert multisets(before) == multisets(turned) != multisets(crossed)
    assert digest(before) != digest(turned)
    assert not compared(before, crossed)["permuted"]
    assert not compared({"w": torch.zeros(1, 2)}, {"w": torch.tensor([[0.0, -0.0]])})["permuted"]


def test_a_constant_row_correlates_with_nothing():
    assert correlations(torch.ones(1, 4), torch.arange(4.0)[None]) == [0.0]


def test_changes_are_those_of_one_step():
    layer = nn.Linear(2, 1, bias=False)
    optimizer = torch.optim.SGD(layer.parameters(), lr=1.0)
    see = runs.watch_changes(layer, optimizer)
    for gradient in ([[3.0, 0.0]], [[0.0, -4.0]]):
        layer.weight.grad = torch.tensor(gradient)
        optimizer.step()
    (row,) = see(2)
    assert row["changed"] == 1
    assert row["change"] == row["length"] == pytest.approx(4.0, rel=1e-5)


def hand_made(plateau=0.87, soon=0.8, adam=0.9, changed=500, change=0.08, after=0.4, permuted=True) -> Records:
    tables = []
    for label in (*WAYS, ADAM):
        mine = adam if label == ADAM else plateau
        values = {0: 0.1, 25: soon, 50: soon, 700: mine, 800: mine}
        tables.append(curve(label, {step: [value] * 3 for step, value in values.items()}))
        steps = {step: [changed if label == SGPERM else 2000.0] * 3 for step in (1, 2)}
        tables.append(curve(label, steps, "changed"))
        tables.append(curve(label, {1: [change if label == SGPERM else 0.001] * 3}, "change"))
        tables.append(curve(label, {1: [1.0] * 3}, "length"))
        tables.append(once(label, permuted=permuted and label != ADAM, elsewhere=0.5))
        for what in ("mean", "contrast"):
            rows = {"with": what, "correlation_before": 0.1, "correlation_after": after}
            tables.append([row for digit in range(2) for row in once(label, digit=digit, **rows)])
    return as_records(*tables)


@pytest.mark.parametrize(
    ("name", "changed", "ours", "holds"),
    [
        ("P2-9", {}, 87.0, True),
        ("P2-9", {"plateau": 0.91}, 91.0, False),
        ("P2-9-fast", {}, 100 * 0.8 / 0.87, True),
        ("P2-9-fast", {"soon": 0.6}, 100 * 0.6 / 0.87, False),
        ("P2-9-adam", {}, 3.0, True),
        ("P2-9-adam", {"adam": 0.86}, -1.0, False),
        ("P2-10", {}, 4.0, True),
        ("P2-10", {"changed": 1900}, 2000 / 1900, False),
        ("P2-10-strength", {}, 80.0, True),
        ("P2-10-strength", {"change": 0.001}, 1.0, False),
        ("P2-11", {}, 0.4, True),
        ("P2-11", {"after": 0.1}, 0.1, False),
        ("P2-11-values", {}, "9 of 9", True),
        ("P2-11-values", {"permuted": False}, "0 of 9", False),
    ],
)
def test_verdicts(name, changed, ours, holds):
    outcome = claimed(RECIPE, name).measure(hand_made(**changed))
    assert outcome.holds is holds
    assert outcome.ours == (ours if isinstance(ours, str) else pytest.approx(ours))


def test_adam_is_ahead_from_where_it_stays_ahead():
    assert "ahead from update 700 on" in claimed(RECIPE, "P2-9-adam").measure(hand_made()).note


def test_claims_without_records_are_not_measured():
    for claim in RECIPE.claims:
        with pytest.raises(LookupError):
            claim.measure(Records([{"label": "another", "seed": 0}]))


def test_figures_follow_the_records(tmp_path):
    assert RECIPE.draw(Records([]), tmp_path) == []
    figures = RECIPE.draw(hand_made(), tmp_path)
    assert [figure.name for figure in figures] == ["accuracy", "changes"]


def test_weight_vectors_are_drawn_from_the_runs_file(tmp_path, small):
    (tmp_path / "default-44136f").mkdir()
    (tmp_path / "default-44136f" / "seed3").symlink_to(small[0])
    (figure,) = RECIPE.draw(Records([]), tmp_path)
    assert figure.name == "heatmaps"
    assert len(figure.rows) == 30
    assert save(figure, tmp_path).png.exists()


@pytest.mark.parametrize("budget", ["quick", "full"])
def test_ways_differ_by_the_way_alone(budget):
    first, *others = (stage.config for stage in RECIPE.stages(budget))
    changed = [{name for name in vars(first) if getattr(first, name) != getattr(each, name)} for each in others]
    assert changed == [{"match"}, {"match"}, {"method"}]
    assert all(len(stage.seeds) >= 3 for stage in RECIPE.stages(budget))
