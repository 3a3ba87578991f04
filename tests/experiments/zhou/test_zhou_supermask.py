"""zhou/supermask: its claims on hand-made records, and runs of a few steps on the bundled digits."""

from dataclasses import replace

import pytest

from rewire.experiments import Context, judge
from rewire.experiments.zhou.supermask.figures import figures
from rewire.experiments.zhou.supermask.recipe import RECIPE, execute
from rewire.experiments.zhou.supermask.stages import MASKED, PLAIN, TRAINED, SupermaskConfig, stages
from rewire.figures import save
from rewire.runs import JsonLines, Records, read_records

TINY = SupermaskConfig(
    dataset="digits", batch_size=100, epochs=2, looks=2, samples=3, train_images=400, validation=100, lr=10.0
)
LABELS = (*MASKED, TRAINED)


def claim(name):
    return next(each for each in RECIPE.claims if each.id == name)


def made(accuracies):
    """A last look, and one before it, per label and seed."""
    return Records(
        [
            {"label": label, "seed": seed, "step": step, "split": "test", "accuracy": value, "threshold": value}
            | {"density": 0.5}
            for label, values in accuracies.items()
            for seed, value in enumerate(values)
            for step, value in ((1, 0.1), (2, value))
        ]
    )


@pytest.mark.parametrize(
    ("best", "trained", "verdicts"),
    [(0.98, 0.977, ["reproduced"] * 3), (0.96, 0.98, ["reproduced", "not reproduced", "not reproduced"])],
)
def test_claims_look_at_the_end_of_training(best, trained, verdicts):
    records = made({PLAIN: [0.95, 0.96], MASKED[3]: [best, best], TRAINED: [trained, trained]})
    assert [judge(each, records, "full")["verdict"] for each in RECIPE.claims] == verdicts
    assert [judge(each, records, "quick")["verdict"] for each in RECIPE.claims] == ["scaled"] * 3
    assert claim("ZH-7").measure(records).ours == pytest.approx(0.955)
    assert claim("ZH-7-trained").measure(records).ours == pytest.approx(100 * (best - trained))


def test_without_runs_claims_are_not_run():
    assert {judge(each, Records(), "full")["verdict"] for each in RECIPE.claims} == {"not run"}


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    rows = []
    for stage in stages("quick"):
        changed = {name: getattr(stage.config, name) for name in ("values", "rescale")}
        lr = {"lr": 1e-3} if changed["values"] == "trained" else {}
        directory = tmp_path_factory.mktemp("run")
        execute(replace(TINY, **changed, **lr), Context(0, directory, JsonLines(directory / "metrics.jsonl")))
        rows += [{"label": stage.label, "seed": 0, **row} for row in read_records(directory / "metrics.jsonl")]
    return Records(rows)


def test_a_run_looks_at_the_start_and_evenly_until_the_end(records):
    for label in LABELS:
        assert records.where(label=label, split="test").values("step") == [0, 4, 8]
    for label in MASKED:
        looks = records.where(label=label, split="test")
        assert looks.values("density")[0] == pytest.approx(0.5)
        assert len({*looks.values("density")}) == 3
        assert len(records.where(label=label).values("layer_density")) == 3 * 3
    assert not records.where(label=TRAINED).values("density")


def test_its_figures_are_drawn(records, tmp_path):
    drawn = figures(records)
    assert [figure.name for figure in drawn] == ["learning", "densities", "final"]
    assert all(save(figure, tmp_path).png.stat().st_size > 5000 for figure in drawn)
    assert figures(Records()) == []
