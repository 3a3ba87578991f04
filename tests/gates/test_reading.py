"""What masks say of a model: usage, overlap, inputs, rounding, and what a save holds."""

import pytest
import torch
from torch import nn
from zoo import TASKS, batch_norm_net, gated_example, outputs, same, snapshot

import rewire
from rewire.gates import (
    Hard,
    Sigmoid,
    density,
    describe,
    input_usage,
    masks,
    overlap,
    pixel_usage,
    scores,
    usage,
    values,
)


def with_masks(model: nn.Module, **by_task: torch.Tensor) -> nn.Module:
    """A model gated by Hard switches, whose weight has these 0/1 masks."""
    rewire.gate(model, list(by_task), Hard(), biases=False)
    with torch.no_grad():
        for task, mask in by_task.items():
            scores(model, task)["weight"].copy_(2 * mask - 1)
    return model


def test_usage_counts_on_off_and_undecided():
    model = rewire.gate(nn.Linear(4, 1, bias=False), ["a", "b"])
    with torch.no_grad():
        scores(model, "a")["weight"].copy_(torch.tensor([[-9.0, 9.0, 9.0, 0.0]]))
    first, second = usage(model)
    assert first == {
        "task": "a", "tensor": "weight", "size": 4, "on": 0.5, "off": 0.25, "undecided": 0.25,
        "mean": pytest.approx(0.625, abs=1e-3),
    }  # fmt: skip
    assert (second["task"], second["undecided"], second["mean"]) == ("b", 1.0, 0.5)
    with pytest.raises(ValueError, match="0 ≤ low < high ≤ 1"):
        usage(model, (0.9, 0.1))


def test_overlap_is_the_jaccard_index():
    a, b = torch.tensor([[1.0, 1, 1, 0]]), torch.tensor([[0.0, 1, 1, 1]])
    model = with_masks(nn.Linear(4, 1), a=a, b=b, none=torch.zeros(1, 4), empty=torch.zeros(1, 4))
    expected = torch.tensor([[1, 0.5, 0, 0], [0.5, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1.0]])
    torch.testing.assert_close(overlap(model)["weight"], expected)
    assert density(masks(model, "a")) == 0.75


@pytest.mark.parametrize(
    ("layer", "channels", "channel_of"),
    [
        (nn.Linear(3, 2), 3, lambda w, c: w[:, c]),
        (nn.Conv2d(3, 2, 2), 3, lambda w, c: w[:, c]),
        (nn.Conv2d(4, 6, 2, groups=2), 4, lambda w, c: w[3 * (c // 2) : 3 * (c // 2) + 3, c % 2]),
        (nn.ConvTranspose2d(4, 6, 2, groups=2), 4, lambda w, c: w[c]),
        (nn.Embedding(5, 2), 5, lambda w, c: w[c]),
    ],
)
def test_input_usage_is_the_share_of_weight_that_leaves_each_input(layer, channels, channel_of):
    torch.manual_seed(0)
    model = rewire.gate(layer, ["a", "b"], Sigmoid(std=2.0))
    weight = (values(model)["weight"] * masks(model, "b")["weight"]).detach().abs()
    expected = torch.stack([channel_of(weight, c).sum() for c in range(channels)]).double()
    torch.testing.assert_close(input_usage(model, "weight", "b"), expected / expected.sum())


def test_a_dark_channel_is_dark():
    dark = torch.ones(2, 3)
    dark[:, 1] = 0
    model = with_masks(nn.Linear(3, 2), a=dark, b=torch.zeros(2, 3))
    assert input_usage(model, "weight", "a")[1] == 0
    assert input_usage(model, "weight", "b").tolist() == [0, 0, 0]
    pixels = pixel_usage(model, torch.randn(5, 3), "a")
    assert pixels.shape == (3,)
    assert pixels[1] == 0
    assert pixels[0] > 0
    with pytest.raises(ValueError, match=r"tensor must be one of 'weight'; got 'wieght'.*did you mean 'weight'"):
        input_usage(model, "wieght", "a")


def test_looking_at_pixels_moves_no_norm_statistics_and_keeps_mode_and_task():
    model = rewire.gate(batch_norm_net().train(), TASKS)
    rewire.switch(model, "dusk")
    state = snapshot(model)
    with torch.no_grad():
        pixel_usage(model, torch.randn(4, 2, 4, 4), "day")
    assert same(snapshot(model), state)
    assert model.training
    assert rewire.active_task(model) == "dusk"


@pytest.mark.parametrize("kind", ["MLP", "Tied", "LSTM", "BatchNorm"])
def test_binarizing_rounds_every_mask(kind):
    model, x = gated_example(kind)
    rounded = {task: {name: mask.round() for name, mask in masks(model, task).items()} for task in TASKS}
    rewire.switch(model, "night")
    calls = []
    report = rewire.binarize(model, lambda m: calls.append(rewire.active_task(m)) or float(len(calls)))
    assert all(same(masks(model, task), rounded[task]) for task in TASKS)
    assert calls == TASKS * 2
    assert report["dusk"] == {"undecided": report["dusk"]["undecided"], "before": 3.0, "after": 6.0, "change": 3.0}
    assert 0 < report["dusk"]["undecided"] < 1
    assert rewire.active_task(model) == "night"
    found = outputs(model, x)
    assert rewire.binarize(model)["day"] == {"undecided": 0.0}
    assert same(outputs(model, x), found)


def test_a_mask_of_exactly_one_half_is_off():
    model = rewire.gate(nn.Linear(2, 1), ["a"])
    rewire.binarize(model)
    assert density(masks(model, "a")) == 0


def test_describing_a_save_needs_no_model(tmp_path):
    a, b = torch.ones(1, 16), torch.zeros(1, 16)
    b[0, :4] = 1
    rows = describe(rewire.save(with_masks(nn.Linear(16, 1), a=a, b=b), tmp_path))
    assert rows[1] == {
        "task": "b", "tensor": "weight", "switch": "Hard", "shape": "1×16", "density": 0.25, "overlap": 0.25,
        "bits per weight": 1.0,
    }  # fmt: skip
    model, _ = gated_example("Tied", own="decoder.bias")
    rows = describe(rewire.save(model, tmp_path))
    assert [(row["task"], row["tensor"], row["bits per weight"]) for row in rows] == [
        (task, "encoder.weight", 32.0) for task in TASKS
    ]
