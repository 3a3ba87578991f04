"""permute/resnet20 and permute/vgg7 on images of noise, and their verdicts on hand-made records."""

from dataclasses import replace

import pytest
import torch
from permute_training import Killed, as_records, claimed, context, curve, killed_after, once, recorded
from torch import nn

from rewire.experiments.permute.resnet20 import recipe as resnet20
from rewire.experiments.permute.resnet20 import stages as resnet20_stages
from rewire.experiments.permute.shared import data, training
from rewire.experiments.permute.shared.image_claims import gain_at_drop
from rewire.experiments.permute.vgg7 import recipe as vgg7
from rewire.experiments.permute.vgg7 import stages as vgg7_stages
from rewire.figures import save
from rewire.runs import Records
from rewire.tasks import Images
from rewire.tasks.task import Examples

TINY = {"steps": 4, "batch_size": 8, "train_images": 16, "evaluate_every": 2, "statistics": 16, "k": 2}
SMALL = {
    "resnet20": replace(resnet20_stages.PUBLISHED, **TINY, precision="bf16"),
    "vgg7": replace(vgg7_stages.regularised(vgg7_stages.PUBLISHED), **TINY),
}


@pytest.fixture(autouse=True)
def noise(monkeypatch):
    draw = torch.Generator().manual_seed(0)
    images = torch.randint(256, (32, 3, 32, 32), generator=draw, dtype=torch.uint8)
    examples = Examples(images, torch.arange(32) % 10)
    monkeypatch.setattr(data, "_loaded", lambda *given: Images("cifar-10", examples, examples, 10))
    data._scores.cache_clear()
    yield
    data._scores.cache_clear()


@pytest.mark.parametrize("name", SMALL)
def test_a_run_is_looked_at_with_old_and_with_renewed_statistics(tmp_path, name):
    records = recorded(SMALL[name], tmp_path, training.run)
    assert records.values("step") == [0, 2, 4]
    assert len(records.values("stale_accuracy")) == len(records.values("accuracy")) == 3
    assert records.values("permuted") == [True]


def test_a_network_that_nothing_syncs_keeps_its_running_statistics(tmp_path):
    records = recorded(replace(SMALL["vgg7"], method="adam"), tmp_path, training.run)
    assert len(records.values("accuracy")) == 3
    assert not records.values("stale_accuracy")
    assert records.values("permuted") == [False]


def test_a_killed_run_ends_with_the_same_bytes(tmp_path):
    config = SMALL["vgg7"]  # whose dropout has a stream of its own
    recorded(config, tmp_path / "whole", training.run)
    with pytest.MonkeyPatch.context() as patch:
        killed_after(patch, 3)
        with pytest.raises(Killed):
            training.run(config, context(tmp_path / "killed", checkpoint_every=0))
    recorded(config, tmp_path / "killed", training.run)
    whole, killed = ((tmp_path / name / "metrics.jsonl").read_bytes() for name in ("whole", "killed"))
    assert killed == whole


def test_renewed_statistics_are_those_of_the_images():
    config = replace(SMALL["resnet20"], precision="fp32")
    task = data.load(config, 0)
    model = nn.Sequential(nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(3072, 10))
    training.renew_statistics(model, task, config)
    x, _ = task.train[:]
    assert torch.allclose(model[0].running_mean, x.mean((0, 2, 3)), atol=1e-5)
    assert model.training


@pytest.mark.parametrize(("stages", "count"), [(resnet20_stages, 273_066), (vgg7_stages, 307_498)])
def test_the_networks_are_as_large_as_printed(stages, count):
    model = training.build(stages.PUBLISHED, torch.zeros(1, 3, 32, 32), 0)
    norms = sum(p.numel() for m in model.modules() if isinstance(m, nn.BatchNorm2d) for p in m.parameters())
    counted = sum(p.numel() for p in model.parameters())
    assert counted - (norms if stages is vgg7_stages else 0) == count


@pytest.mark.parametrize("stages", [resnet20_stages, vgg7_stages])
def test_quick_is_the_published_protocol_scaled(stages):
    published, scaled = stages.PUBLISHED, stages.SCALED
    changed = {name for name in vars(published) if getattr(published, name) != getattr(scaled, name)}
    assert changed == {"steps", "train_images", "test_images", "evaluate_every", "statistics", "precision"}


def test_the_published_learning_rate_falls_at_the_published_epochs():
    for stages, epochs in ((resnet20_stages, [80, 120, 160, 180]), (vgg7_stages, [500, 700])):
        assert [step / 782 for step in training.milestones(stages.PUBLISHED)] == epochs


def trained(label: str, best: float, fall: float) -> list[dict]:
    """A curve of ten looks that gains `fall` where the learning rate falls, at .4, and ends at `best`."""
    accuracy = {step: best - (fall if step <= 40 else 0.0) for step in range(0, 101, 10)}
    tables = [curve(label, {step: [value] for step, value in accuracy.items()}, split="test")]
    tables.append(curve(label, {step: [0.4] for step in accuracy}, "moved"))
    tables.append(once(label, seeds=1, permuted=True))
    return [row for table in tables for row in table]


def hand_made(stages, laperm=0.8741, adam=0.9174, auto=0.88, fall=0.01) -> Records:
    each = {stages.LAPERM: (laperm, fall), stages.AUTO: (auto, 0.02), stages.ADAM: (adam, 0.03)}
    return as_records(*(trained(label, *given) for label, given in each.items()))


@pytest.mark.parametrize(
    ("name", "changed", "ours", "holds"),
    [
        ("P2-13", {}, 87.41, True),
        ("P2-13", {"laperm": 0.85}, 85.0, False),
        ("P2-13-adam", {}, 4.33, True),
        ("P2-13-adam", {"adam": 0.88}, 0.59, False),
        ("P2-13-numb", {}, 1.0, True),
        ("P2-13-numb", {"fall": 0.04}, 4.0, False),
        ("P2-13-auto", {}, 0.59, True),
        ("P2-13-auto", {"auto": 0.87}, -0.41, False),
    ],
)
def test_verdicts_on_resnet20(name, changed, ours, holds):
    outcome = claimed(resnet20.RECIPE, name).measure(hand_made(resnet20_stages, **changed))
    assert outcome.holds is holds
    assert outcome.ours == pytest.approx(ours)


@pytest.mark.parametrize(
    ("name", "changed", "ours", "holds"),
    [
        ("P2-14", {"laperm": 0.9}, 90.0, True),
        ("P2-14", {"laperm": 0.88}, 88.0, False),
        ("P2-14-adam", {"laperm": 0.9, "adam": 0.89}, 1.0, True),
        ("P2-14-adam", {"laperm": 0.9, "adam": 0.91}, -1.0, False),
        ("P2-14-auto", {"laperm": 0.9, "auto": 0.91}, 1.0, True),
    ],
)
def test_verdicts_on_vgg7(name, changed, ours, holds):
    outcome = claimed(vgg7.RECIPE, name).measure(hand_made(vgg7_stages, **changed))
    assert outcome.holds is holds
    assert outcome.ours == pytest.approx(ours)


def test_the_gain_at_the_fall_is_of_equal_stretches():
    records = as_records(trained("a", 0.9, 0.2))
    assert gain_at_drop(records, "a", (0.4, 0.6)) == {0: pytest.approx(0.2)}


@pytest.mark.parametrize("recipe", [resnet20.RECIPE, vgg7.RECIPE])
def test_claims_without_records_are_not_measured(recipe):
    for claim in recipe.claims:
        with pytest.raises(LookupError):
            claim.measure(Records([{"label": "another", "seed": 0}]))


@pytest.mark.parametrize(("recipe", "stages"), [(resnet20.RECIPE, resnet20_stages), (vgg7.RECIPE, vgg7_stages)])
def test_figures_follow_the_records(tmp_path, recipe, stages):
    assert recipe.draw(Records([]), tmp_path) == []
    figures = recipe.draw(hand_made(stages), tmp_path)
    assert [figure.name for figure in figures] == ["accuracy", "moved"]
    assert save(figures[0], tmp_path).png.exists()
