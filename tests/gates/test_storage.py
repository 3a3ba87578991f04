"""Saves: their size, what a crash leaves of them, and what loading keeps of the model."""

import json

import pytest
import torch
from torch import nn
from zoo import TASKS, example, gated_example, outputs, same, snapshot

import rewire
from rewire.gates import Hard, scores, storage


def files(directory):
    return sorted(path.name for path in directory.iterdir())


def test_a_binary_mask_takes_one_bit_per_weight(tmp_path):
    rewire.save(rewire.gate(nn.Linear(512, 128, bias=False), ["a", "b"], Hard(std=2.0)), tmp_path)
    sizes = sorted(path.stat().st_size for path in tmp_path.glob("task-*"))
    assert len(sizes) == 2
    assert 512 * 128 / 8 <= sizes[1] < 512 * 128 / 8 + 200


def test_scores_are_kept_on_request(tmp_path):
    model, _ = gated_example("MLP", "hard")
    rewire.save(model, tmp_path, scores=True)
    loaded = rewire.load(example("MLP", seed=1)[0], tmp_path)
    assert all(same(scores(loaded, task), scores(model, task)) for task in TASKS)
    again, _ = gated_example("MLP", "hard", seed=2)
    assert same(snapshot(rewire.load(again, tmp_path)), snapshot(model))


def test_a_second_save_replaces_the_first_and_leaves_strangers_files_alone(tmp_path):
    strangers = ["task-force.safetensors", "values-of-mine.safetensors", "notes.txt"]
    for name in strangers:
        (tmp_path / name).write_text("mine")
    model, x = gated_example("MLP")
    rewire.save(model, tmp_path)
    with torch.no_grad():
        scores(model, "day")["0.weight"].zero_()
    rewire.save(model, tmp_path)
    assert len(files(tmp_path)) == len(strangers) + 1 + 1 + len(TASKS)
    assert same(outputs(rewire.load(example("MLP", 1)[0], tmp_path), x), outputs(model, x))


@pytest.mark.parametrize("survivors", range(5))
def test_a_crash_between_two_files_of_a_save_leaves_the_one_before(survivors, tmp_path, monkeypatch):
    model, x = gated_example("BatchNorm")
    rewire.save(model, tmp_path)
    before = outputs(model, x)
    other, _ = gated_example("BatchNorm", seed=1)
    written, write = [], storage.write_atomic

    def write_some(path, content):
        if len(written) == survivors:
            raise OSError(28, "No space left on device")
        written.append(path)
        write(path, content)

    monkeypatch.setattr(storage, "write_atomic", write_some)
    monkeypatch.setattr(storage, "write_json", lambda path, value: write_some(path, json.dumps(value).encode()))
    with pytest.raises(OSError, match="No space left"):
        rewire.save(other, tmp_path)
    monkeypatch.undo()
    assert same(outputs(rewire.load(example("BatchNorm", seed=2)[0], tmp_path), x), before)
    rewire.save(other, tmp_path)
    assert len(files(tmp_path)) == 5
    assert same(outputs(rewire.load(example("BatchNorm", seed=2)[0], tmp_path), x), outputs(other, x))


def test_frozen_parameters_stay_frozen(tmp_path):
    model = nn.Sequential(nn.Linear(4, 5), nn.Linear(5, 3), nn.Linear(3, 2))
    model[0].requires_grad_(False)
    model[2].weight.requires_grad_(False)
    flags = {name: p.requires_grad for name, p in model.named_parameters()}
    rewire.gate(model, TASKS, own="2")
    assert not model[2].weight.requires_grad
    assert model[0].weight.requires_grad  # through its scores
    assert not rewire.gates.values(model)["0.weight"].requires_grad
    assert {name: p.requires_grad for name, p in rewire.merge(model, "day").named_parameters()} == flags
    rewire.save(model, tmp_path)
    fresh = nn.Sequential(nn.Linear(4, 5), nn.Linear(5, 3), nn.Linear(3, 2))
    fresh[1].requires_grad_(False)
    loaded = rewire.load(fresh, tmp_path)
    found = {name: p.requires_grad for name, p in rewire.merge(loaded, "day").named_parameters()}
    assert found == flags | {"1.weight": False, "1.bias": False}
    assert not rewire.add_task(loaded, "dawn")[2].weight.requires_grad


def test_keeping_the_models_values_needs_the_saved_ones(tmp_path):
    model, x = gated_example("MLP", own="2")
    rewire.save(model, tmp_path)
    with pytest.raises(ValueError, match=r"values must be the saved ones to be kept; '0.weight' differs"):
        rewire.load(example("MLP", seed=1)[0], tmp_path, values=False)
    base, _ = example("MLP")
    with torch.no_grad():
        base[2].weight.add_(1)  # every task has its own: what the model had there does not matter
    assert same(outputs(rewire.load(base, tmp_path, values=False), x), outputs(model, x))
