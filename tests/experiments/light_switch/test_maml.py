import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rewire.experiments.light_switch.cost.maml import (
    adapt,
    copies,
    few_shot_errors,
    meta_error,
    meta_step,
    predict,
    sinusoids,
)
from rewire.models import MLP

LR = 0.1


def points(tasks: int, shots: int, queries: int, seed: int = 0):
    support, query = sinusoids(tasks, shots, queries, torch.Generator().manual_seed(seed))
    return tuple(t.double() for t in support), tuple(t.double() for t in query)


def learner(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return MLP(1, 8, 8, 1).double()


def naive_gradient(model: nn.Module, support, query, lr: float) -> list[Tensor]:
    """Task by task, with a differentiable inner step on the module itself."""
    names, parameters = zip(*model.named_parameters())
    total = torch.zeros((), dtype=torch.float64)
    for x, y, query_x, query_y in zip(*support, *query):
        slopes = torch.autograd.grad(F.mse_loss(model(x), y), parameters, create_graph=True)
        fitted = {name: p - lr * slope for name, p, slope in zip(names, parameters, slopes)}
        total = total + F.mse_loss(torch.func.functional_call(model, fitted, (query_x,)), query_y)
    return list(torch.autograd.grad(total / len(query[0]), parameters))


@pytest.mark.parametrize("tasks", [1, 4])
def test_the_meta_gradient_is_that_of_a_differentiable_inner_step(tasks):
    model, (support, query) = learner(), points(tasks, shots=5, queries=7)
    ours = torch.autograd.grad(meta_error(model.parameters(), support, query, LR), list(model.parameters()))
    for mine, reference in zip(ours, naive_gradient(model, support, query, LR), strict=True):
        torch.testing.assert_close(mine, reference)


def test_it_is_second_order():
    model, (support, query) = learner(), points(3, 5, 7)
    parameters = list(model.parameters())
    full = torch.autograd.grad(meta_error(parameters, support, query, LR), parameters)
    fitted = adapt([p.detach().requires_grad_() for p in copies(parameters, 3)], support, LR, second_order=False)
    fitted = [p.detach().requires_grad_() for p in fitted]
    loss = F.mse_loss(predict(fitted, query[0]), query[1])
    first_order = [slope.sum(0) for slope in torch.autograd.grad(loss, fitted)]
    assert any((a - b).abs().max() > 1e-3 for a, b in zip(full, first_order))


def test_tasks_are_the_papers():
    (x, y), (queries, _) = sinusoids(2000, 10, 5, torch.Generator().manual_seed(0))
    assert queries.shape == (2000, 5, 1)
    assert x.abs().max() <= 5
    # Of each task, amplitude and phase follow from two of its points; others must fit.
    basis = torch.cat([x.sin(), x.cos()], dim=2).double()
    parts = torch.linalg.lstsq(basis, y.double()).solution
    torch.testing.assert_close(basis @ parts, y.double(), atol=1e-4, rtol=0)
    amplitude, phase = parts.norm(dim=1), torch.atan2(parts[:, 1], parts[:, 0])
    assert 0.1 <= amplitude.min() < 0.2
    assert 4.9 < amplitude.max() <= 5.0 + 1e-3
    assert -1e-3 <= phase.min() < 0.1
    assert math.pi - 0.1 < phase.max() <= math.pi + 1e-3


def test_training_makes_one_inner_step_useful():
    torch.manual_seed(0)
    model, generator = MLP(1, 40, 40, 1), torch.Generator().manual_seed(1)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    test = sinusoids(100, 5, 50, torch.Generator().manual_seed(2))
    before = few_shot_errors(model.parameters(), *test, lr=0.01, steps=(0, 1))
    for _ in range(300):
        meta_step(list(model.parameters()), optimizer, *sinusoids(25, 10, 10, generator), lr=0.01)
    after = few_shot_errors(model.parameters(), *test, lr=0.01, steps=(0, 1))
    assert list(after) == [0, 1]
    assert after[1].mean() < before[1].mean()
    assert after[1].mean() < after[0].mean()


def test_few_shot_errors_leave_the_parameters_alone():
    model, (support, query) = learner(), points(2, 5, 5)
    before = [p.detach().clone() for p in model.parameters()]
    errors = few_shot_errors(model.parameters(), support, query, LR, (0,))
    for x, y, ours in zip(*query, errors[0], strict=True):
        torch.testing.assert_close(ours, F.mse_loss(model(x), y).detach())
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters()))
    assert all(p.grad is None for p in model.parameters())
