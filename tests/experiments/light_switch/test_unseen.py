"""light-switch/unseen: its claim on hand-made records, and a run of a few steps on the bundled digits."""

from dataclasses import replace

import pytest
from image_records import claim

from rewire.experiments import Context, judge
from rewire.experiments.light_switch.unseen.figures import figures
from rewire.experiments.light_switch.unseen.recipe import RECIPE, execute
from rewire.experiments.light_switch.unseen.stages import UnseenConfig
from rewire.figures import save
from rewire.runs import JsonLines, Records, read_records

TINY = UnseenConfig(
    dataset="digits", steps=6, shots=(5, 10), mixing_steps=3, tuning_steps=2, crowds=(1, 5), guesses=2, images=40
)


def served(label, gains, mean=0.5, task="cyan"):
    """Per seed, the mean mask at `mean` and the mixture of 10 labels ahead by a gain; of 5 labels, far behind."""
    rows = []
    for seed, gain in enumerate(gains):
        reached = [("mean mask", 0, mean), ("mixture", 5, 0.1), ("mixture", 10, mean + gain), ("best mask", 10, mean)]
        own = {"label": label, "seed": seed}
        rows += [own | {"task": task, "method": m, "shots": k, "accuracy": a} for m, k, a in reached]
        for method in ("mixture, tuned", "new scores"):
            tuning = {"task": task, "method": method, "shots": 10, "tuning": 4, "accuracy": 0.7}
            rows.append(own | tuning)
        rows.append(own | {"crowd": 1, "guessed": 0.4, "chance": 0.2, "guesses": 10})
        rows += [own | {"task": task, "shots": 10, "known": name, "alpha": 0.5} for name in ("red", "blue")]
    return rows


@pytest.mark.parametrize(
    ("gains", "holds"),
    [([0.1, 0.12, 0.08], True), ([0.1, -0.05, 0.02], False), ([-0.1, -0.1, -0.1], False), ([0.1], True)],
)
def test_the_gain_of_most_labels_must_be_above_zero_with_confidence(gains, holds):
    outcome = claim(RECIPE, "LS-0c").measure(Records(served("gated", gains)))
    assert (outcome.holds, outcome.n) == (holds, len(gains))
    assert outcome.ours == pytest.approx(sum(gains) / len(gains))


def test_the_note_names_the_tasks_that_gained_nothing_and_both_gates():
    records = served("gated", [0.1, 0.1]) + served("gated", [-0.02, -0.02], task="purple") + served("hard", [0, 0])
    note = claim(RECIPE, "LS-0c").measure(Records(records)).note
    assert note.endswith("no better than the mean mask: gated purple -0.020, hard cyan +0.000")
    assert "known task named right .400 ± .000 from 1 image (chance 0.20)" in note
    assert "hard: mean mask .500" in note


def test_without_the_gated_network_it_is_not_run():
    row = judge(claim(RECIPE, "LS-0c"), Records(served("hard", [0.1, 0.1])), "quick")
    assert row["verdict"] == "not run"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    directories = [tmp_path_factory.mktemp(model) for model in ("gated", "hard")]
    for directory in directories:
        config = replace(TINY, model=directory.name.rstrip("0123456789"))
        execute(config, Context(0, directory, JsonLines(directory / "metrics.jsonl")))
    return {directory.name.rstrip("0123456789"): read_records(directory / "metrics.jsonl") for directory in directories}


@pytest.mark.parametrize("model", ["gated", "hard"])
def test_a_run_serves_every_unseen_colour_in_every_way(run, model):
    records = Records(run[model])
    assert [row["task"] for row in records.where(method="own mask")] == ["black", "red", "green", "blue", "yellow"]
    ways = ["mean mask", "guessed mask", "best mask", "mixture", "mixture, tuned", "new scores"]
    for task in ("cyan", "magenta", "orange", "purple"):
        mine = records.where(task=task)
        assert list(mine.by("method")) == ways
        assert mine.where(method="mixture").values("shots") == [5, 10]
        for shots in (5, 10):
            assert sum(mine.where(shots=shots).values("alpha")) == pytest.approx(1)
        assert mine.where(method="new scores").values("tuning") == [0, 2]
    assert records.where(chance=0.2).values("guesses") == [10, 10]


def test_a_sigmoid_mixture_is_kept_as_it_is_when_it_becomes_a_task(run):
    records = Records(run["gated"]).where(task="cyan")
    (kept,) = records.where(method="mixture, tuned", tuning=0).values("accuracy")
    assert kept == records.where(method="mixture", shots=10).values("accuracy")[0]


def test_its_figures_are_drawn(run, tmp_path):
    records = Records([{"label": model, "seed": 0, **row} for model, rows in run.items() for row in rows])
    drawn = figures(records)
    assert [figure.name for figure in drawn] == ["unseen-colours", "mixtures", "guesses"]
    assert all(save(figure, tmp_path).png.stat().st_size > 5000 for figure in drawn)
    assert figures(Records()) == []
