"""Paths between networks: worked out by hand, BatchNorm both ways, and the model as it was afterwards."""

import copy

import pytest
import torch
from torch import nn

from rewire.tickets.connectivity import STABLE, instability, interpolate, path


def line(*values):
    return {"weight": torch.tensor([list(map(float, values))])}


def test_a_barrier_by_hand():
    # The error is 1 where the sign of w·x is wrong for half of the examples: between w = (1, 1) and w = (-1, 3).
    model, x, y = nn.Linear(2, 1, bias=False), torch.tensor([[1.0, 0.0], [0.0, 1.0]]), torch.tensor([True, True])

    def error(model):
        return ((model(x).squeeze(1) > 0) != y).float().mean()

    points = path(model, line(1, 1), line(-1, 3), error, points=5)
    assert points == [(0.0, 0.0), (0.25, 0.0), (0.5, 0.5), (0.75, 0.5), (1.0, 0.5)]
    assert instability(points) == 0.25


def test_thirty_points_from_end_to_end():
    seen = []
    path(
        nn.Linear(2, 1, bias=False), line(0, 1), line(29, 1), lambda model: seen.append(model.weight[0, 0].item()) or 0
    )
    assert seen == pytest.approx(list(range(30)), abs=1e-5)
    assert (seen[0], seen[-1]) == (0.0, 29.0)


@pytest.mark.parametrize(
    ("errors", "expected"), [([0.1, 0.1, 0.1], 0.0), ([0.1, 0.0, 0.3], 0.1), ([0.02, 0.035, 0.02], 0.015)]
)
def test_instability_is_the_worst_point_above_the_mean_of_the_ends(errors, expected):
    found = instability(list(enumerate(errors)))
    assert found == pytest.approx(expected)
    assert (found < STABLE) is (expected < 0.02)


def test_counters_are_not_averaged_and_the_ends_are_exact():
    a, b = (nn.BatchNorm1d(3).state_dict() for _ in range(2))
    a |= {"weight": torch.tensor([0.1, 1e8, 3.0]), "num_batches_tracked": torch.tensor(10)}
    b |= {"weight": torch.tensor([0.7, 1.0, 4.0]), "num_batches_tracked": torch.tensor(99)}
    for alpha, end in ((0.0, a), (1.0, b)):
        assert all(tensor.equal(end[name]) for name, tensor in interpolate(a, b, alpha).items())
    assert interpolate(a, b, 0.3)["num_batches_tracked"] == 10


def two_normalised():
    """Two networks whose hidden unit is x + 4 and x - 4, normalised."""
    model = nn.Sequential(nn.Linear(1, 1), nn.BatchNorm1d(1))
    ends = []
    for shift in (4.0, -4.0):
        with torch.no_grad():
            model[0].weight.fill_(1.0)
            model[0].bias.fill_(shift)
            model[1].running_mean.fill_(shift)
            model[1].running_var.fill_(1.0 if shift > 0 else 9.0)
        ends.append(copy.deepcopy(model.state_dict()))
    return model, ends


def test_batchnorm_statistics_are_interpolated_by_default():
    model, ends = two_normalised()
    seen = []
    path(model, *ends, lambda model: seen.append((model[1].running_mean.item(), model[1].running_var.item())) or 0, 3)
    assert seen == [(4.0, 1.0), (0.0, 5.0), (-4.0, 9.0)]


def test_batchnorm_statistics_are_estimated_where_batches_are_given():
    model, ends = two_normalised()
    batches = [torch.tensor([[0.0], [2.0]]), torch.tensor([[4.0], [10.0]])]  # means 1 and 7, variances 2 and 18
    seen, state, before = [], torch.get_rng_state(), copy.deepcopy(model.state_dict())
    path(
        model,
        *ends,
        lambda model: seen.append((model[1].running_mean.item(), model[1].running_var.item())) or 0,
        3,
        batches,
    )
    assert seen == [(8.0, 10.0), (4.0, 10.0), (0.0, 10.0)]
    assert model[1].momentum == 0.1
    assert torch.get_rng_state().equal(state)
    assert all(tensor.equal(before[name]) for name, tensor in model.state_dict().items())


def test_the_model_is_as_before_whatever_happens():
    model, ends = two_normalised()
    model.train()
    model[0].eval()
    before = copy.deepcopy(model.state_dict())

    def fails(model):
        assert not model.training
        raise RuntimeError("no data")

    with pytest.raises(RuntimeError, match="no data"):
        path(model, *ends, fails, points=2)
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        path(model, *ends, fails, points=2, batches=[torch.zeros(4, 3)])
    assert (model.training, model[0].training, model[1].momentum) == (True, False, 0.1)
    assert all(tensor.equal(before[name]) for name, tensor in model.state_dict().items())


def test_wrappers_are_looked_through_and_losses_need_no_gradient():
    model = nn.DataParallel(nn.Linear(1, 1, bias=False))
    points = path(model, line(1), line(3), lambda model: model(torch.ones(1, 1)).sum(), points=3)
    assert points == [(0.0, 1.0), (0.5, 2.0), (1.0, 3.0)]


def test_bad_input_is_refused():
    model = nn.Linear(2, 1, bias=False)
    with pytest.raises(ValueError, match="points must be at least 2, for both ends count; got 1"):
        path(model, line(1, 1), line(1, 1), lambda model: 0, points=1)
    with pytest.raises(
        ValueError, match=r"b must be a state dict of model; 'weight' is \[1, 3\] there, \[1, 2\] in model"
    ):
        path(model, line(1, 1), line(1, 1, 1), lambda model: 0)
    with pytest.raises(ValueError, match=r"a must be a state dict of model; 'bias' is \[1\] there, absent in model"):
        path(model, line(1, 1) | {"bias": torch.zeros(1)}, line(1, 1), lambda model: 0)
    with pytest.raises(ValueError, match="errors must hold both ends at least; got 1 points"):
        instability([(0.0, 0.1)])


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_point_that_diverged_is_not_overlooked(place):
    errors = [(0.0, 0.1), (0.5, 0.2), (1.0, 0.1)]
    errors[place] = (errors[place][0], float("nan"))
    assert not instability(errors) < STABLE
    assert instability(errors) != instability(errors)
