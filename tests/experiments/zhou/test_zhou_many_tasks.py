"""zhou/many-tasks: its claim on hand-made records, and each way for a few steps on the bundled digits."""

from dataclasses import replace

import pytest

from rewire.experiments import Context, judge
from rewire.experiments.zhou.many_tasks.figures import figures
from rewire.experiments.zhou.many_tasks.recipe import RECIPE, execute
from rewire.experiments.zhou.many_tasks.stages import WAYS, ManyTasksConfig
from rewire.figures import save
from rewire.runs import JsonLines, Records, read_records

TINY = ManyTasksConfig(dataset="digits", tasks=2, hidden=(32,), steps=6, batch_size=20)
WEIGHTS, BIASES = 64 * 32 + 32 * 10, 42


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    rows = []
    for way in WAYS:
        directory = tmp_path_factory.mktemp("run")
        execute(replace(TINY, way=way), Context(0, directory, JsonLines(directory / "metrics.jsonl")))
        rows += [{"label": way, "seed": 0, **row} for row in read_records(directory / "metrics.jsonl")]
    return Records(rows)


def bits(records, way):
    return records.where(label=way).values("bits_per_task")[0]


def test_every_way_serves_every_task(records):
    for way in WAYS:
        assert records.where(label=way).values("task") == [0, 1]
        accuracies = records.where(label=way).values("accuracy")
        assert records.where(label=way).values("mean_accuracy") == [pytest.approx(sum(accuracies) / 2)]


def test_bits_are_those_of_what_must_be_kept(records):
    numbers, head = 32 * (WEIGHTS + BIASES), 8 * 3000  # a header per file, and config.json
    at_least = {
        "separate": numbers,
        "shared": numbers / 2,
        "light switch": numbers * 1.5,
        "hard gates": numbers / 2 + WEIGHTS + BIASES,
        "piggyback": numbers / 2 + WEIGHTS / 2 * 0.8,  # the first task needs no mask; codes may be shorter than bits
        "supermasks": WEIGHTS * 1.5 * 0.99,
    }
    for way, least in at_least.items():
        assert least <= bits(records, way) <= least + head, way
    assert bits(records, "permutations") < numbers / 4


def test_a_claim_needs_both_accuracy_and_bits():
    def made(accuracy, bits):
        ways = {"separate": (0.95, 32.0), "supermasks": (accuracy, bits)}
        return Records(
            [
                {"label": way, "seed": seed, "mean_accuracy": a, "bits_per_task": 100 * b, "bits_per_weight": b}
                for way, (a, b) in ways.items()
                for seed in (0, 1, 2)
            ]
        )

    claim = RECIPE.claims[0]
    assert judge(claim, made(0.945, 1.2), "full")["verdict"] == "reproduced"
    assert judge(claim, made(0.93, 1.2), "full")["verdict"] == "not reproduced"
    assert judge(claim, made(0.95, 3.0), "full")["verdict"] == "not reproduced"
    assert judge(claim, made(0.945, 1.2), "quick")["verdict"] == "scaled"
    assert "hard gates not run" in claim.measure(made(0.945, 1.2)).note
    assert judge(claim, Records(), "full")["verdict"] == "not run"


def test_its_figures_are_drawn(records, tmp_path):
    drawn = figures(records)
    assert [figure.name for figure in drawn] == ["bits", "tasks"]
    assert all(save(figure, tmp_path).png.stat().st_size > 5000 for figure in drawn)
    assert figures(Records()) == []


def test_an_unknown_way_is_refused(tmp_path):
    with pytest.raises(ValueError, match="way must be one of 'separate', "):
        execute(replace(TINY, way="by hand"), Context(0, tmp_path, JsonLines(tmp_path / "metrics.jsonl")))
