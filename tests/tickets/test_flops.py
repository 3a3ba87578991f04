"""Costs against hand-computed and published numbers."""

import pytest
import torch
from torch import nn

from rewire import tickets
from rewire.models import VGG19, LeCunLeNet5, ResNet20


def test_multiply_adds_by_hand():
    lenet = 6 * 25 * 28**2 + 16 * 6 * 25 * 10**2 + 400 * 120 + 120 * 84 + 84 * 10
    assert tickets.multiply_adds(LeCunLeNet5(), torch.zeros(1, 1, 28, 28)) == lenet
    assert tickets.multiply_adds(LeCunLeNet5(), torch.zeros(3, 1, 28, 28)) == 3 * lenet


def test_published_costs():
    x = torch.zeros(1, 3, 32, 32)
    assert round(tickets.multiply_adds(ResNet20(), x) / 1e6, 1) == 40.6  # "41M" in tables of ResNets on CIFAR
    assert round(tickets.multiply_adds(VGG19(), x) / 1e6) == 398  # Li et al. and others: 3.98e8


def test_tied_parameters_count_once_and_modes_are_kept():
    model = nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.5), nn.Linear(3, 3))
    model[2].weight = model[0].weight
    assert tickets.parameters(model) == 9 + 3 + 3
    model[1].eval()
    assert tickets.latency(model, torch.zeros(1, 3), repeats=1) > 0
    assert tickets.multiply_adds(model, torch.zeros(1, 3)) == 18
    assert [module.training for module in model] == [True, False, True]
    with pytest.raises(ValueError, match="repeats must be at least 1"):
        tickets.latency(model, torch.zeros(1, 3), repeats=0)
