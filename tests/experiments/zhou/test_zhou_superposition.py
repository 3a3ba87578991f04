"""zhou/superposition: its claims on hand-made records, and runs of a few steps on the bundled digits."""

import shutil
from dataclasses import replace

import pytest
import torch

from rewire.experiments import Context, judge
from rewire.experiments.zhou.superposition.figures import figures
from rewire.experiments.zhou.superposition.recipe import RECIPE, execute
from rewire.experiments.zhou.superposition.stages import LatencyConfig, SuperpositionConfig
from rewire.figures import save
from rewire.gates import Superposition
from rewire.runs import JsonLines, Records, read_records

TINY = SuperpositionConfig(
    dataset="digits",
    tasks=4,
    hidden=(40,),
    outputs=30,
    steps=25,
    lr=3e-3,
    batch_size=32,
    methods=("one-shot", "spare", "binary", "lowest"),
    crowds=(1, 16),
    guesses=2,
    rows=(1, 3, 4),
    images=40,
)


def recorded(config, directory, seed=0):
    directory.mkdir(parents=True, exist_ok=True)
    sink = JsonLines(directory / "metrics.jsonl")
    execute(config, Context(seed, directory, sink))
    sink.close()
    return read_records(directory / "metrics.jsonl")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return tmp_path_factory.mktemp("superposition") / "seed0"


@pytest.fixture(scope="module")
def records(run):
    return Records([{"label": "permuted", "seed": 0, **row} for row in recorded(TINY, run)])


def claim(name):
    return next(each for each in RECIPE.claims if each.id == name)


def test_a_run_measures_every_row_with_ids_and_the_learned_tasks_without(records):
    assert list(records.by("after")) == [1, 3, 4]
    for after, mine in records.by("after").items():
        assert [row["task"] for row in mine if "accuracy" in row] == [0, 1, 2, 3]
        assert [row["task"] for row in mine if "without_id" in row] == list(range(after))
    assert len(records.values("named")) == 8
    assert records.values("bytes_per_task") == [8 * -(-(64 * 40 + 40 * 30) // 64)]


def test_nothing_learned_changes_and_the_claim_says_so(records):
    row = judge(claim("SS-2"), records, "quick")
    assert (row["ours"], row["verdict"]) == (0.0, "reproduced")
    changed = Records([{**r, "accuracy": 0.0} if r.get("after") == 4 and "accuracy" in r else r for r in records])
    assert judge(claim("SS-2"), changed, "quick")["verdict"] == "not reproduced"


def test_a_killed_run_goes_on_with_the_masks_it_has_and_ends_the_same(records, run, tmp_path, monkeypatch):
    shutil.copytree(run / "masks", tmp_path / "again" / "masks")
    (tmp_path / "again" / "masks" / "permuted-2.safetensors").unlink()
    begun = []
    begin = Superposition.begin
    monkeypatch.setattr(
        Superposition, "begin", lambda self, task, *a, **k: begun.append(task) or begin(self, task, *a, **k)
    )
    assert recorded(TINY, tmp_path / "again") == read_records(run / "metrics.jsonl")
    assert begun == ["permuted-2"]


@pytest.mark.parametrize("change", [{"family": "rotated"}, {"switch": "top"}, {"transfer": True}])
def test_variants_run(change, tmp_path):
    config = replace(TINY, tasks=2, steps=3, rows=(2,), methods=("one-shot",), guesses=1, **change)
    assert Records(recorded(config, tmp_path / "run")).values("named")


def test_latency_is_measured_at_each_number_of_tasks(tmp_path):
    rows = recorded(LatencyConfig(counts=(1, 9), rounds=2, hidden=(20,), outputs=12), tmp_path / "run")
    assert [row["stored"] for row in rows] == [1, 9]
    assert all(row["milliseconds"] > 0 for row in rows)


@pytest.mark.parametrize(("tasks", "accuracy", "holds"), [(250, 0.95, True), (250, 0.9, False), (20, 0.95, False)])
def test_the_published_accuracy_needs_as_many_tasks(tasks, accuracy, holds):
    rows = [
        {"label": "permuted", "seed": seed, "after": tasks, "task": task, name: accuracy}
        for seed in (0, 1)
        for task in range(3)
        for name in ("accuracy", "without_id")
    ]
    outcome = claim("SS-1").measure(Records(rows))
    assert (outcome.holds, outcome.n, outcome.ours) == (holds, 2, pytest.approx(accuracy))
    assert judge(claim("SS-1"), Records(rows), "quick")["verdict"] == "scaled"
    assert judge(claim("SS-1"), Records(), "full")["verdict"] == "not run"


def test_its_figures_are_drawn(records, tmp_path):
    timed = [{"label": "latency", "seed": 0, "stored": k, "milliseconds": 2.0 + k} for k in (1, 10)]
    drawn = figures(Records([*records, *timed]))
    assert [figure.name for figure in drawn] == ["tasks", "matrix-permuted", "guesses", "latency"]
    assert all(save(figure, tmp_path).png.stat().st_size > 5000 for figure in drawn)
    assert figures(Records()) == []


def test_an_unknown_switch_is_refused(tmp_path):
    with pytest.raises(ValueError, match="switch must be one of 'hard', 'top'; got 'soft'"):
        recorded(replace(TINY, switch="soft"), tmp_path / "run")
    assert torch.is_grad_enabled()
