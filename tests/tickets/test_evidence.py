"""Gradients, their squares and products, and flow, against naive differentiation and hand-computed cases."""

import copy
import itertools

import evidence_case as case
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from rewire.masks.criteria import score
from rewire.tickets import per_example
from rewire.tickets.evidence import fisher, flow, gradient, hessian_gradient
from rewire.tickets.prunable import prunable


@pytest.fixture(params=case.NETWORKS)
def model(request) -> nn.Module:
    return case.built(request.param).eval()


def test_the_gradient_is_the_mean_over_batches(model):
    names = list(prunable(model))
    found = gradient(model, case.loss, case.batches())
    assert list(found) == names
    expected = sum(case.naive_gradient(model, batch, names) for batch in case.batches()) / 2
    assert torch.allclose(case.flat(found), expected)


def test_the_gradient_may_be_that_of_training_mode():
    model = case.built("relu and norm").eval()
    names, before = list(prunable(model)), copy.deepcopy(model.state_dict())
    found = gradient(model, case.loss, case.batches(), training=True)
    assert not model.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    trained = copy.deepcopy(model).train()
    expected = sum(case.naive_gradient(trained, batch, names) for batch in case.batches()) / 2
    assert torch.allclose(case.flat(found), expected)
    assert not torch.allclose(case.flat(found), case.flat(gradient(model, case.loss, case.batches())))


def test_the_product_is_the_whole_hessian_times_the_whole_gradient(model):
    names = list(prunable(model))
    found = hessian_gradient(model, case.loss, iter(case.batches()))
    g = sum(case.naive_gradient(model, batch, names) for batch in case.batches()) / 2
    h = sum(case.naive_hessian(model, batch, names) for batch in case.batches()) / 2
    assert torch.allclose(case.flat(found), h @ g)


def test_fisher_is_the_mean_square_over_examples(model):
    names, batches = list(prunable(model)), case.batches((5, 2))
    found = fisher(model, case.loss, batches)
    examples = [(x[None], y[None]) for batch in batches for x, y in zip(*batch)]
    expected = sum(case.naive_gradient(model, example, names) ** 2 for example in examples) / 7
    assert torch.allclose(case.flat(found), expected)


def test_fisher_may_be_the_mean_square_over_batches(model):
    names = list(prunable(model))
    found = fisher(model, case.loss, case.batches(), per="batch")
    expected = sum(case.naive_gradient(model, batch, names) ** 2 for batch in case.batches()) / 2
    assert torch.allclose(case.flat(found), expected)


@given(st.integers(1, 9), st.integers(1, 400))
def test_however_many_examples_fit_at_once_fisher_is_the_same(rows, largest):
    model, batches = case.built("mlp").eval(), case.batches((rows,))
    expected = case.flat(fisher(model, case.loss, batches))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(per_example, "LARGEST", largest)
        assert torch.allclose(case.flat(fisher(model, case.loss, batches)), expected)


def test_only_what_torch_func_cannot_transform_is_run_example_by_example(monkeypatch):
    looped = []
    run = per_example._one_by_one
    monkeypatch.setattr(per_example, "_one_by_one", lambda *given: looped.append(1) or run(*given))
    for name in ("mlp", "relu and norm", "tied", "attention"):
        fisher(case.built(name), case.loss, case.batches())
    assert not looped
    fisher(case.built("custom"), case.loss, case.batches())
    assert looped


def test_batches_may_be_nested_and_hold_what_all_examples_share():
    model = case.built("mlp")
    (x, y), *_ = case.batches()

    def weighted(model: nn.Module, batch: dict) -> torch.Tensor:
        assert batch["reduction"] == "sum"
        return F.cross_entropy(model(batch["in"][0]), batch["out"], reduction=batch["reduction"]) * batch["scale"]

    batch = {"in": [x], "out": y, "reduction": "sum", "scale": torch.tensor(2.0)}
    expected = fisher(model, case.loss, [(x, y)])
    assert torch.allclose(case.flat(fisher(model, weighted, [batch])), 4 * case.flat(expected))


def test_fisher_refuses_rows_that_do_not_match():
    model = case.built("mlp")
    (x, y), *_ = case.batches()
    with pytest.raises(ValueError, match=r"batch must hold tensors of one row per example; got \[3, 5\] rows"):
        fisher(model, case.loss, [(x, y[:3])])
    with pytest.raises(ValueError, match="one row per example; got no rows"):
        fisher(model, lambda model, text: model(x).sum(), ["text"])
    with pytest.raises(ValueError, match="per must be one of 'example', 'batch'; got 'examples'"):
        fisher(model, case.loss, [(x, y)], per="examples")


def test_unused_weights_have_no_gradient_and_linear_losses_no_curvature():
    model = nn.ModuleDict({"used": nn.Linear(2, 2), "unused": nn.Linear(2, 2)})
    x = [torch.ones(3, 2)]
    first = lambda model, x: model["used"](x).sum()  # noqa: E731
    assert gradient(model, first, x)["unused.weight"].eq(0).all()
    assert fisher(model, first, x)["unused.weight"].eq(0).all()
    assert all(tensor.eq(0).all() for tensor in hessian_gradient(model, first, x).values())


def test_half_precision_is_summed_in_single():
    model = case.built("mlp").bfloat16()
    many = [(x.bfloat16(), y) for x, y in case.batches((2,) * 50)]
    for measure in (gradient, fisher, hessian_gradient):
        found = measure(model, case.loss, many)
        assert {tensor.dtype for tensor in found.values()} == {torch.float32}
        exact = measure(copy.deepcopy(model).double(), case.loss, [(x.double(), y) for x, y in many])
        assert torch.allclose(case.flat(found).double(), case.flat(exact), rtol=0.1, atol=3e-3)


def chains(model: nn.Sequential) -> dict[str, torch.Tensor]:
    """SynFlow's ∂R/∂|w| of a bias-free chain of linear layers: the paths into a weight times the paths out of it."""
    weights = [layer.weight.detach().abs().double() for layer in model if isinstance(layer, nn.Linear)]
    found = []
    for index, _ in enumerate(weights):
        before = torch.ones(weights[0].shape[1], dtype=torch.float64)
        for weight in weights[:index]:
            before = weight @ before
        after = torch.ones(weights[-1].shape[0], dtype=torch.float64)
        for weight in weights[:index:-1]:
            after = weight.t() @ after
        found.append(torch.outer(after, before))
    return dict(zip(prunable(model), found))


def test_flow_counts_the_paths_through_each_weight():
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(4, 6, bias=False), nn.ReLU(), nn.Linear(6, 5, bias=False), nn.ReLU(), nn.Linear(5, 2, bias=False)
    )
    found = flow(model, torch.randn(7, 4))
    for name, expected in chains(model).items():
        assert torch.allclose(found[name], expected)
    scores = score("synflow", {"final": prunable(model), "flow": found})
    totals = [tensor.sum() for tensor in scores.values()]
    assert torch.allclose(torch.stack(totals), totals[0])  # conserved from layer to layer (their theorem 1)


@pytest.mark.parametrize("name", ["mlp", "relu and norm", "tied"])
def test_flow_is_positive_through_biases_and_normalisation_and_needs_no_training_mode(name):
    model = case.built(name)
    before = copy.deepcopy(model.state_dict())
    found = flow(model.train(), torch.randn(2, 4))
    assert model.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert all((tensor > 0).all() for tensor in found.values())


def test_flow_through_normalisation_scales_by_it():
    norm = nn.BatchNorm1d(2)
    model = nn.Sequential(nn.Linear(3, 2, bias=False), norm, nn.ReLU(), nn.Linear(2, 1, bias=False))
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([-2.0, 3.0]))
        norm.running_mean.copy_(torch.tensor([5.0, -5.0]))
        norm.running_var.copy_(torch.tensor([4.0, 1.0]))
        model[3].weight.copy_(torch.tensor([[1.0, -1.0]]))
    found = flow(model, torch.zeros(1, 3))
    assert torch.allclose(found["0.weight"], torch.tensor([[1.0] * 3, [3.0] * 3], dtype=torch.float64), atol=1e-4)


def test_flow_does_not_overflow_in_deep_wide_networks():
    model = nn.Sequential(*(nn.Linear(64, 64) for _ in range(40)))
    for layer in model:
        nn.init.constant_(layer.weight, 1.0)
    assert all(tensor.isfinite().all() for tensor in flow(model, torch.zeros(1, 64)).values())
    with pytest.raises(TypeError, match="model must return one tensor; got tuple"):
        flow(nn.LSTM(2, 2), torch.zeros(1, 3, 2))


MEASURES = {
    "gradient": gradient,
    "gradient in training": lambda *given: gradient(*given, training=True),
    "hessian_gradient": hessian_gradient,
    "fisher": fisher,
    "fisher per batch": lambda *given: fisher(*given, per="batch"),
}


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("fails", [False, True])
def test_the_model_is_as_before_also_after_an_error(name, fails):
    model = nn.Sequential(case.built("relu and norm"), nn.Dropout(0.5), nn.Linear(3, 3).double())
    model.train()
    model[0][2].eval()  # as in fine-tuning with frozen statistics
    model[0][1].weight.requires_grad_(False)
    case.loss(model, case.batches()[0]).backward()
    state, rng = copy.deepcopy(model.state_dict()), torch.get_rng_state()
    grads = {key: None if p.grad is None else p.grad.clone() for key, p in model.named_parameters()}
    modes = [module.training for module in model.modules()]
    counter = itertools.count()

    def loss(model, batch):
        value = case.loss(model, batch)
        if fails and next(counter) == 1:
            raise ArithmeticError("the second batch")
        return value

    names = [key for key, _ in model.named_parameters()]
    try:
        MEASURES[name](model, loss, case.batches(), names)
    except ArithmeticError:
        assert fails
    else:
        assert not fails
    assert torch.equal(torch.get_rng_state(), rng)
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(tensor, state[key]) for key, tensor in model.state_dict().items())
    assert not model[0][1].weight.requires_grad
    for key, p in model.named_parameters():
        assert p.grad is None if grads[key] is None else torch.equal(p.grad, grads[key])


@pytest.mark.parametrize("name", MEASURES)
def test_bad_losses_batches_and_names_are_refused(name):
    model, measure = case.built("mlp"), MEASURES[name]
    with pytest.raises(ValueError, match="batches must hold at least one batch; got none"):
        measure(model, case.loss, [])
    with pytest.raises(TypeError, match=r"loss must return a 0-d tensor; got a tensor of shape \["):
        measure(model, lambda model, batch: model(batch[0]), case.batches())
    with pytest.raises(TypeError, match="loss must return a 0-d tensor; got float"):
        measure(model, lambda model, batch: 1.0, case.batches())
    with pytest.raises(ValueError, match="loss must be a differentiable function of the model's parameters"):
        measure(model, lambda model, batch: batch[0].sum(), case.batches())
    with pytest.raises(ValueError, match=r"names must be one of '0.weight', .*; got '0.weigth'"):
        measure(model, case.loss, case.batches(), ["0.weigth"])


def test_wrappers_and_no_grad_are_looked_through():
    model = case.built("mlp")
    expected = gradient(model, case.loss, case.batches())
    with torch.no_grad():
        found = gradient(nn.DataParallel(model), case.loss, case.batches())
    assert list(found) == list(expected)
    assert torch.equal(case.flat(found), case.flat(expected))


def test_nan_in_a_gradient_is_left_for_selection_to_refuse():
    model = case.built("mlp")
    found = gradient(model, lambda model, batch: case.loss(model, batch) * torch.nan, case.batches())
    assert all(tensor.isnan().all() for tensor in found.values())
