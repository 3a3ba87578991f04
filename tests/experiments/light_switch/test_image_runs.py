"""The runs that the image recipes share, on the bundled digits: a few steps of the real thing."""

import json
import subprocess
from dataclasses import replace

import pytest
import torch

import rewire
from rewire.experiments.light_switch.colours import recipe as colours
from rewire.experiments.light_switch.digits import recipe as digits
from rewire.experiments.light_switch.images.claims import accuracies, constant_class, interval
from rewire.experiments.light_switch.images.config import ImageConfig, MemoryConfig, TransformConfig
from rewire.experiments.light_switch.images.execute import execute
from rewire.experiments.light_switch.images.families import FAMILIES, family
from rewire.experiments.light_switch.images.figures import pixel_files
from rewire.experiments.light_switch.images.memory import failure
from rewire.experiments.light_switch.images.runs import MEMORY, MODEL, PANELS, check_transforms, train
from rewire.experiments.light_switch.images.wiring import PIXELS, read_images, write_images
from rewire.experiments.light_switch.mnist import recipe as mnist
from rewire.experiments.recipe import Context
from rewire.models import LeNet5
from rewire.runs import JsonLines, Records, read_records

TINY = ImageConfig(dataset="digits", steps=4, evaluate_at=(2, 4))


def records(config, directory, run=train, seed=0):
    directory.mkdir(exist_ok=True)
    sink = JsonLines(directory / "metrics.jsonl")
    run(config, Context(seed, directory, sink))
    sink.close()
    return Records(read_records(directory / "metrics.jsonl"))


@pytest.mark.parametrize("model", ["gated", "hard", "shared", "separate"])
def test_every_network_records_every_task_where_asked(model, tmp_path):
    rows = records(replace(TINY, model=model), tmp_path)
    assert [(row["step"], row["task"]) for row in rows] == [(s, t) for s in (2, 4) for t in ("red", "green", "blue")]
    assert all(row["split"] == "test" and 0 <= row["accuracy"] <= 1 for row in rows)


def test_the_same_seed_gives_the_same_records_and_another_does_not(tmp_path):
    first, again, other = (records(TINY, tmp_path / name, seed=s) for name, s in (("a", 0), ("b", 0), ("c", 1)))
    assert first.rows == again.rows != other.rows


def test_a_watched_task_is_evaluated_alone(tmp_path):
    rows = records(replace(TINY, watch=("green",)), tmp_path)
    assert {row["task"] for row in rows} == {"green"}


def test_curves_look_at_a_tenth_of_the_test_set(tmp_path):
    rows = records(replace(TINY, curve_every=2, evaluate_at=(4,), watch=("red",)), tmp_path)
    assert [(row["step"], row["split"]) for row in rows] == [(2, "sample"), (4, "test"), (4, "sample")]
    correct = rows.where(split="sample").values("accuracy")[0] * 36  # of 355 test images, every tenth
    assert correct == pytest.approx(round(correct), abs=1e-4)


def test_zeroed_gradients_change_what_is_learnt(tmp_path):
    longer = replace(TINY, steps=12, evaluate_at=(12,))  # by then some task has waited after its turn
    one, two = (records(replace(longer, zero_gradients=z), tmp_path / str(z)) for z in (False, True))
    assert one.rows != two.rows


def test_wiring_is_recorded_and_the_model_can_be_loaded(tmp_path):
    rows = records(replace(TINY, model="hard", wiring=True, rounding=True), tmp_path)
    for kind in ("channels", "pixels"):
        shares = [sum(r.values("share")) for r in rows.where(wiring=kind).by("task").values()]
        assert shares == pytest.approx([1, 1, 1], abs=1e-5)
    for row in rows.where(wiring="masks"):
        assert row["on"] + row["off"] == pytest.approx(1)  # a hard gate is never undecided
    assert len(rows.where(wiring="overlap", tensor="conv1.weight")) == 3
    assert all(row["change"] == 0 for row in rows if "rounding" in row)
    assert {row["stored"] for row in rows if "stored" in row} == {"values", "red", "green", "blue"}
    assert rewire.tasks_of(rewire.load(LeNet5(3), tmp_path / MODEL)) == ["red", "green", "blue"]
    assert read_images(tmp_path / PIXELS)["red"].shape == (3, 32, 32)
    assert 0 < json.loads((tmp_path / MEMORY).read_text())["peak_gib"] < 64


def test_transforms_are_checked_and_kept_in_order(tmp_path):
    rows = records(TransformConfig("digits", ("primaries", "inverse")), tmp_path, check_transforms)
    assert max(row["difference"] for row in rows if "formula" in row) <= 2**-23
    constant = {(row["task"], row["channel"]) for row in rows if row.get("variance") == 0}
    assert constant == {("red", 0), ("green", 1), ("blue", 2)}
    assert [name.split(": ")[1] for name in read_images(tmp_path / PANELS)] == [
        *("red", "green", "blue"),
        *("black", "inverse"),
    ]


def test_images_keep_their_order_on_disk(tmp_path):
    write_images(tmp_path / "x.safetensors", {"b": torch.ones(1), "a": torch.zeros(1)})
    assert list(read_images(tmp_path / "x.safetensors")) == ["b", "a"]


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_has_distinct_tasks_over_shared_images(name):
    tasks = family(name, "digits", None, "cpu")
    assert len({task.name for task in tasks}) == len(tasks)
    assert len({task.train.inputs.data_ptr() for task in tasks}) == 1


def test_an_unknown_family_names_the_nearest():
    with pytest.raises(ValueError, match="primaries"):
        family("primarys", "digits", None, "cpu")


def test_memory_is_measured_in_a_fresh_process(tmp_path):
    (row,) = records(MemoryConfig("eager", "digits", batch=50), tmp_path, execute)
    assert row["stack_gib"] == pytest.approx(1797 * 3 * 32 * 32 * 4 / 2**30)
    assert row["peak_gib"] >= row["stack_gib"]
    assert row["batch"] == 50


def test_the_fresh_processs_error_is_ours_in_kind_and_words(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"^data must hold a folder mnist/; got ") as raised:
        execute(MemoryConfig("eager", batch=50), Context(0, tmp_path, JsonLines(tmp_path / "m.jsonl"), data=tmp_path))
    assert "\n" not in str(raised.value)
    assert "in find" in raised.value.__notes__[0]  # its traceback


def test_a_fresh_process_that_is_killed_is_named_by_its_status():
    error = failure("eager", subprocess.CompletedProcess([], -9, stdout="", stderr=""))
    assert isinstance(error, RuntimeError)
    assert "eager memory measurement ended with status -9" in str(error)


@pytest.mark.parametrize("recipe", [mnist.RECIPE, colours.RECIPE, digits.RECIPE], ids=lambda recipe: recipe.id)
@pytest.mark.parametrize("budget", ["quick", "full"])
def test_stages_have_distinct_labels_and_at_least_five_seeds_for_accuracies(recipe, budget):
    stages = recipe.stages(budget)
    assert len({stage.label for stage in stages}) == len(stages)
    for stage in stages:
        if isinstance(stage.config, ImageConfig):
            assert len(stage.seeds) >= 5
            assert max(stage.config.evaluate_at) <= stage.config.steps


@pytest.mark.parametrize("recipe", [mnist.RECIPE, colours.RECIPE, digits.RECIPE], ids=lambda recipe: recipe.id)
def test_no_records_are_no_figures_and_no_error(recipe, tmp_path):
    assert recipe.draw(Records([]), tmp_path) == []


def test_pixel_files_are_found_where_runs_left_them(tmp_path):
    assert pixel_files(tmp_path, digits.stages("quick"), {"gated": "gated"}) == {}


def test_a_constant_answer_is_told_by_its_class_share():
    assert constant_class(0.1135) == 1
    assert constant_class(0.8919) is None


def test_accuracies_of_a_stage_that_did_not_run_are_an_error():
    with pytest.raises(LookupError, match="gated"):
        accuracies(Records([]), "gated", "red", 490)


def test_the_interval_is_students():
    mean, low, high = interval([1.0, 2.0, 3.0])
    assert (mean, low, high) == pytest.approx((2.0, 2 - 4.303 / 3**0.5, 2 + 4.303 / 3**0.5))
