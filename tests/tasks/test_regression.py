import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rewire.tasks import Truth, linear_tasks, mse, sinusoid_tasks


def linear(seed: int = 0, **options):
    settings = {"tasks": 3, "d_in": 4, "d_out": 2, "n_train": 50, "n_test": 30, "dtype": torch.float64} | options
    return linear_tasks(**settings, generator=torch.Generator().manual_seed(seed))


def sinusoid(seed: int = 0, **options):
    settings = {"tasks": 3, "d": 2, "n_train": 40, "n_test": 20, "dtype": torch.float64} | options
    return sinusoid_tasks(**settings, generator=torch.Generator().manual_seed(seed))


def test_the_target_by_hand():
    truth = Truth(
        weight=torch.tensor([[1.0, 2.0], [3.0, 4.0]]),
        bias=torch.tensor([10.0, 20.0]),
        weight_masks=torch.tensor([[[1.0, 1.0], [1.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]]]),
        bias_masks=torch.tensor([[1.0, 1.0], [0.0, 1.0]]),
    )
    x = torch.tensor([[5.0, 7.0]])
    assert truth.target(0, x).tolist() == [[1 * 5 + 2 * 7 + 10, 3 * 5 + 4 * 7 + 20]]
    assert truth.target(1, x).tolist() == [[1 * 5, 4 * 7 + 20]]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31), p_on=st.sampled_from([0.0, 0.5, 1.0]))
def test_targets_without_noise_are_the_masked_linear_map(seed, p_on):
    tasks, truth = linear(seed, p_on=p_on)
    for k, task in enumerate(tasks):
        for x, y in (task.train[:], task.test[:]):
            expected = x @ (truth.weight * truth.weight_masks[k]).T + truth.bias * truth.bias_masks[k]
            torch.testing.assert_close(y, expected)
    assert truth.weight.min() >= 0
    assert truth.weight.max() < 1
    assert set(truth.weight_masks.unique().tolist()) <= {0.0, 1.0}
    if p_on in (0.0, 1.0):
        assert truth.weight_masks.unique().tolist() == truth.bias_masks.unique().tolist() == [p_on]


def test_sizes_names_loss_and_metric():
    tasks, truth = linear(dtype=torch.float32)
    assert [task.name for task in tasks] == ["linear-0", "linear-1", "linear-2"]
    assert tasks[2].train.inputs.shape == (50, 4)
    assert tasks[2].test.targets.shape == (30, 2)
    assert tasks[2].train.inputs.dtype == tasks[2].train.targets.dtype == torch.float32
    assert tasks[0].loss(torch.tensor([2.0]), torch.tensor([0.0])).item() == 4
    assert tasks[0].metric is mse
    assert truth.weight_masks.shape == (3, 2, 4)
    assert truth.bias_masks.shape == (3, 2)


def test_the_draws_have_the_stated_distributions():
    tasks, truth = linear(tasks=40, d_in=30, d_out=30, n_train=500, n_test=500, noise=0.4)
    assert truth.weight_masks.mean().item() == pytest.approx(0.75, abs=0.02)
    assert truth.bias_masks.mean().item() == pytest.approx(0.75, abs=0.06)
    assert truth.weight.mean().item() == pytest.approx(0.5, abs=0.05)
    for examples in (tasks[0].train, tasks[0].test):  # both are noisy, LS 3.2
        x, y = examples[:]
        assert x.mean().item() == pytest.approx(0, abs=0.05)
        assert x.std().item() == pytest.approx(1, abs=0.05)
        noise = y - truth.target(0, x)
        assert noise.mean().item() == pytest.approx(0, abs=0.02)
        assert noise.std().item() == pytest.approx(0.4, abs=0.02)


def test_neither_noise_nor_dtype_changes_the_other_draws():
    reference, truth = linear()
    noisy, same = linear(noise=2.0)
    rounded, _ = linear(dtype=torch.float32)
    assert torch.equal(truth.weight_masks, same.weight_masks)
    assert torch.equal(reference[2].test.inputs, noisy[2].test.inputs)
    assert not torch.equal(reference[2].test.targets, noisy[2].test.targets)
    assert torch.equal(rounded[2].test.targets, reference[2].test.targets.float())


def test_tasks_differ_and_repeat_with_their_seed():
    tasks, truth = linear(tasks=2, d_in=10)
    again, _ = linear(tasks=2, d_in=10)
    assert not torch.equal(truth.weight_masks[0], truth.weight_masks[1])
    assert not torch.equal(tasks[0].train.inputs, tasks[1].train.inputs)
    assert torch.equal(tasks[1].train.targets, again[1].train.targets)
    assert not torch.equal(tasks[1].train.targets, linear(seed=1, tasks=2, d_in=10)[0][1].train.targets)


def test_sinusoids_are_sines_of_the_linear_target():
    tasks, truth = sinusoid()
    x, y = tasks[1].train[:]
    assert tasks[1].name == "sinusoid-1"
    torch.testing.assert_close(y, truth.target(1, x).sin())
    assert y.shape == (40, 2)


def test_inputs_are_clamped():
    tasks, _ = sinusoid(clamp=0.5, n_train=200)
    x, _ = tasks[0].train[:]
    assert (x.min().item(), x.max().item()) == (-0.5, 0.5)
    assert x.unique().numel() > 50


def test_a_shifted_cosine_is_the_same_data():
    sines, truth = sinusoid()
    cosines, same = sinusoid(wave=torch.cos, shift=-math.pi / 2)
    assert torch.equal(truth.bias, same.bias)
    for sine, cosine in zip(sines, cosines, strict=True):
        assert torch.equal(sine.train.inputs, cosine.train.inputs)
        torch.testing.assert_close(sine.train.targets, cosine.train.targets, atol=1e-12, rtol=0)


@pytest.mark.parametrize("parameter", ["tasks", "d_in", "d_out", "n_train", "n_test"])
def test_counts_below_one_are_refused(parameter):
    with pytest.raises(ValueError, match=f"^{parameter} must be at least 1; got 0"):
        linear(**{parameter: 0})


def test_other_bad_parameters_are_refused():
    with pytest.raises(ValueError, match="noise must be a standard deviation, at least 0; got -1"):
        linear(noise=-1)
    with pytest.raises(ValueError, match="noise must be a standard deviation, at least 0; got nan"):
        linear(noise=math.nan)
    with pytest.raises(ValueError, match=r"p_on must be a probability in \[0, 1\]; got 1.5"):
        linear(p_on=1.5)
    with pytest.raises(ValueError, match="clamp must be above 0; got 0"):
        sinusoid(clamp=0)
