"""The diagonal curvature against the explicit Hessian and Gauss–Newton matrices of small networks."""

import copy
import statistics

import evidence_case as case
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from rewire.masks.criteria import score
from rewire.tickets.curvature import curvature
from rewire.tickets.prunable import prunable


@pytest.fixture(params=case.NETWORKS)
def model(request) -> nn.Module:
    return case.built(request.param).eval()


def test_gauss_newton_is_exact(model):
    names = list(prunable(model))
    found = curvature(model, case.loss, case.batches())
    assert list(found) == names
    expected = sum(case.naive_gauss_newton(model, batch, names) for batch in case.batches()) / 2
    assert torch.allclose(case.flat(found), expected)


def test_sampled_gauss_newton_averages_to_the_exact_one(model):
    exact = case.flat(curvature(model, case.loss, case.batches()))
    found = case.flat(curvature(model, case.loss, case.batches(), samples=800))
    assert (found >= 0).all()
    # Each weight errs by √(2/draws) of itself, 0.035 here, at most.
    assert ((found - exact).square().mean() / exact.square().mean()).sqrt() < 0.07
    assert found.sum().item() == pytest.approx(exact.sum().item(), rel=0.07)


def test_hutchinson_averages_to_the_hessian_s_diagonal(model):
    names = list(prunable(model))
    exact = torch.stack([case.naive_hessian(model, batch, names) for batch in case.batches()])
    found = case.flat(curvature(model, case.loss, case.batches(), method="hutchinson", samples=200))
    diagonals = exact.diagonal(dim1=1, dim2=2)
    # The variance of one draw is the sum of squares of the weight's row beside the diagonal.
    spread = ((exact.square().sum(2) - diagonals.square()).sum(0) / (2**2 * 200)).sqrt()
    assert ((found - diagonals.mean(0)).abs() < 5 * spread + 1e-9).all()


@settings(max_examples=20)
@given(st.integers(0, 1000))
def test_hutchinson_needs_one_draw_where_weights_do_not_interact(seed):
    torch.manual_seed(seed)
    model = nn.Linear(5, 1, bias=False).double()
    scales = torch.rand(5, dtype=torch.float64)
    found = curvature(
        model,
        lambda model, batch: (model.weight.square() * batch).sum() + model.weight.sum(),
        [scales],
        method="hutchinson",
        generator=torch.Generator().manual_seed(seed),
    )
    assert torch.allclose(found["weight"][0], 2 * scales)


def test_where_the_model_is_linear_gauss_newton_is_the_hessian():
    torch.manual_seed(0)
    model, (batch, *_) = nn.Linear(4, 3).double(), case.batches()
    expected = case.naive_hessian(model, batch, ["weight"]).diagonal()
    assert torch.allclose(case.flat(curvature(model, case.loss, [batch])), expected)


def test_any_convex_loss_of_the_outputs_will_do():
    torch.manual_seed(0)
    model, x = nn.Linear(2, 2, bias=False), torch.tensor([[1.0, 2.0], [3.0, 0.0]])
    squared = curvature(model, lambda model, x: model(x).square().sum() / 2, [x])
    assert torch.allclose(squared["weight"], torch.tensor([[10.0, 4.0]] * 2))  # Σ x², by hand
    single = nn.Sequential(nn.Linear(2, 1, bias=False), nn.Flatten(0))  # one number per example, no dimension for it
    assert torch.allclose(
        curvature(single, lambda model, x: model(x).square().sum() / 2, [x])["0.weight"], x.square().sum(0)
    )
    linear = curvature(model, lambda model, x: model(x).sum(), [x])
    assert linear["weight"].eq(0).all()
    concave = curvature(model, lambda model, x: -model(x).square().sum(), [x])
    assert concave["weight"].eq(0).all()
    images = nn.Sequential(nn.Conv2d(1, 2, 2), nn.Identity())  # outputs of several dimensions
    x = torch.randn(3, 1, 3, 3)
    found = curvature(images, lambda model, x: model(x).square().sum() / 2, [x])
    patches = F.unfold(x, 2).square().sum((0, 2)).reshape(1, 2, 2)
    assert torch.allclose(found["0.weight"], patches.expand(2, 1, 2, 2), rtol=1e-5)


def test_saliency_is_the_loss_gained_where_the_loss_is_quadratic():
    model, x = nn.Linear(3, 1, bias=False), torch.tensor([[2.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.5]])
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[1.0, -1.5, 3.0]]))
    target = model(x).detach()

    def loss(model, x):
        return (model(x) - target).square().sum()

    saliency = score("obd", {"final": prunable(model), "curvature": curvature(model, loss, [x])})["weight"][0]
    for index in range(3):
        cut = copy.deepcopy(model)
        with torch.no_grad():
            cut.weight[0, index] = 0
        assert saliency[index].item() == pytest.approx(loss(cut, x).item())


@pytest.mark.parametrize("options", [{"samples": 1}, {"method": "hutchinson"}])
def test_draws_follow_the_generator_and_never_the_global_one(options):
    model, rng = case.built("mlp"), torch.get_rng_state()

    def drawn(seed: int | None) -> torch.Tensor:
        generator = None if seed is None else torch.Generator().manual_seed(seed)
        return case.flat(curvature(model, case.loss, case.batches(), generator=generator, **options))

    assert torch.equal(drawn(1), drawn(1))
    assert torch.equal(drawn(None), drawn(None))
    assert not torch.equal(drawn(1), drawn(2))
    assert torch.equal(torch.get_rng_state(), rng)


def test_more_batches_and_more_samples_both_lower_the_noise():
    model = case.built("mlp")
    exact = case.flat(curvature(model, case.loss, case.batches()))

    def error(draw: int, **options: int) -> float:
        generator = torch.Generator().manual_seed(draw)
        many = case.batches() * options.get("times", 1)
        found = curvature(model, case.loss, many, samples=options.get("samples", 1), generator=generator)
        return (case.flat(found) - exact).square().sum().item()

    one = statistics.fmean(error(draw) for draw in range(20))
    assert statistics.fmean(error(draw, samples=16) for draw in range(20)) == pytest.approx(one / 16, rel=0.5)
    assert statistics.fmean(error(draw, times=16) for draw in range(20)) == pytest.approx(one / 16, rel=0.5)


@pytest.mark.parametrize("options", [{}, {"samples": 2}, {"method": "hutchinson"}])
@pytest.mark.parametrize("fails", [False, True])
def test_the_model_is_as_before_also_after_an_error(options, fails):
    model = nn.Sequential(case.built("relu and norm"), nn.Dropout(0.5)).train()
    case.loss(model, case.batches()[0]).backward()
    state = copy.deepcopy(model.state_dict())
    grads = [p.grad.clone() for p in model.parameters()]

    def loss(model, batch):
        value = case.loss(model, batch)
        if fails:
            raise ArithmeticError("after the model was called")
        return value

    if fails:
        with pytest.raises(ArithmeticError, match="after the model was called"):
            curvature(model, loss, case.batches(), **options)
    else:
        curvature(model, loss, case.batches(), **options)
    assert all(module.training for module in model.modules())
    assert all(not module._forward_hooks for module in model.modules())
    assert all(torch.equal(tensor, state[name]) for name, tensor in model.state_dict().items())
    assert all(torch.equal(p.grad, before) for p, before in zip(model.parameters(), grads))


def test_half_precision_gives_single():
    model = case.built("mlp").bfloat16()
    batches = [(x.bfloat16(), y) for x, y in case.batches()]
    for options in ({}, {"samples": 4}, {"method": "hutchinson"}):
        found = curvature(model, case.loss, batches, **options)
        assert {tensor.dtype for tensor in found.values()} == {torch.float32}


def test_bad_input_is_refused_in_one_line():
    model, batches = case.built("mlp"), case.batches()
    with pytest.raises(ValueError, match="method must be one of 'gauss-newton', 'hutchinson'; got 'hutchinsen'"):
        curvature(model, case.loss, batches, method="hutchinsen")
    with pytest.raises(ValueError, match="samples must be at least 1, or None; got 0"):
        curvature(model, case.loss, batches, samples=0)
    with pytest.raises(ValueError, match="batches must hold at least one batch; got none"):
        curvature(model, case.loss, [])
    with pytest.raises(ValueError, match=r"loss must call model once, .* got 2 calls: use method='hutchinson'"):
        curvature(model, lambda model, batch: case.loss(model, batch) + case.loss(model, batch), batches)
    with pytest.raises(ValueError, match=r"loss must call model once, .* got 0 calls"):
        curvature(model, lambda model, batch: model[2](model[0](batch[0])[:, :5]).sum(), batches)
    pair = nn.LSTM(4, 3).double()
    with pytest.raises(ValueError, match="got an output that is no tensor with rows: use method='hutchinson'"):
        curvature(pair, lambda model, batch: model(batch[0])[0].sum(), batches)
