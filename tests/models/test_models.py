"""The papers' networks have the papers' sizes."""

import pytest
import torch

import rewire
from rewire.models import MLP, LeNet5, Separate


def count(model: torch.nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def test_lenet_300_100_has_266610_parameters():
    assert count(MLP(784, 300, 100, 10)) == 266_610


def test_lenet5_sums_two_parallel_convolutions():
    model = LeNet5(channels=3)
    assert count(model) == (3 * 25 + 1) * 6 + 2 * (6 * 25 + 1) * 16 + (16 * 25 + 1) * 120 + 121 * 84 + 85 * 10
    x = torch.rand(2, 3, 32, 32)
    together = model(x)
    model.conv2b.weight.data.zero_()
    model.conv2b.bias.data.zero_()
    assert not torch.allclose(model(x), together)


def test_separate_serves_each_task_with_its_own_network():
    model = Separate({"a": torch.nn.Linear(2, 2), "b": torch.nn.Linear(2, 2)})
    x = torch.rand(3, 2)
    assert torch.equal(rewire.switch(model, "b")(x), model.networks[1](x))
    rewire.switch(model, "a")(x).sum().backward()
    assert model.networks[1].weight.grad is None


def test_networks_refuse_to_be_empty():
    with pytest.raises(ValueError, match="at least one task"):
        Separate({})
    with pytest.raises(ValueError, match="widths"):
        MLP(3)
