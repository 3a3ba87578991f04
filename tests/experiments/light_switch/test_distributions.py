import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kurtosis, wasserstein_distance

from rewire.experiments.light_switch.sinusoid.distributions import (
    concentration,
    counts,
    distances,
    matched,
    mean_distance,
)

SEEDS = st.integers(0, 2**31)


def sample(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, size=st.integers(1, 40))
def test_distances_are_scipys(seed, size):
    rows = sample(seed, 3, size)
    ours = distances(rows)
    assert torch.equal(ours, ours.T)
    for i in range(3):
        for j in range(3):
            assert ours[i, j].item() == pytest.approx(wasserstein_distance(rows[i].numpy(), rows[j].numpy()), abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS)
def test_kurtosis_is_scipys(seed):
    x = sample(seed, 4, 30).exp()
    assert concentration(x)["kurtosis"] == pytest.approx(kurtosis(x.flatten().numpy(), fisher=False))


def test_shares_by_hand():
    x = torch.cat([torch.zeros(6), torch.arange(1, 15).float()])  # 0 six times and fourteen values once
    found = concentration(x)
    assert found["near_zero"] == pytest.approx(6 / 20)
    assert found["modes"] == pytest.approx((6 + 9) / 20)
    assert math.isnan(concentration(torch.ones(3))["kurtosis"])


def test_equal_sizes_compare_where_all_points_do_not():
    large, small = sample(0, 4, 2000), sample(1, 4, 50)
    everything, fewer = mean_distance(distances(large).tolist()), mean_distance(distances(small).tolist())
    assert everything < fewer / 2  # the same distribution, yet more points look more alike
    assert matched(large, 50) == pytest.approx(fewer, rel=0.4)
    assert matched(small, 50) == pytest.approx(fewer)


def test_counts_leave_out_what_lies_outside():
    assert counts(torch.tensor([-2.0, 0.1, 0.6, 0.9, 3.0]), (0.0, 1.0), 2) == [1, 2]
