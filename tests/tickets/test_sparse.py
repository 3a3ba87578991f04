"""The sparse context: linear layers below a density train only what is left, and come back dense with it."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

import rewire
from rewire.tickets import SparseLinear, masked, prunable, sparse


def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(40, 30), nn.Tanh(), nn.BatchNorm1d(30), nn.Linear(30, 20), nn.ReLU(), nn.Linear(20, 3)
    )


def random_mask(model, keep=0.05, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return rewire.Mask({name: torch.rand(p.shape, generator=generator) < keep for name, p in prunable(model).items()})


def train(model, steps=range(20), optimizer=None):
    optimizer = optimizer or torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=0.01)
    for step in steps:
        generator = torch.Generator().manual_seed(step)
        x, y = torch.randn(16, 40, generator=generator), torch.randint(3, (16,), generator=generator)
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    return optimizer


@settings(max_examples=10, deadline=None)
@given(keep=st.floats(0.03, 0.9), below=st.floats(0.01, 1.0), seed=st.integers(0, 1000))
def test_training_ends_where_masked_training_ends(keep, below, seed):
    ours, theirs = network(), network()
    mask = random_mask(ours, keep, seed)
    with sparse(ours, mask, below) as rest, masked(ours, rest):
        train(ours)
    with masked(theirs, mask):
        train(theirs)
    for (name, a), b in zip(ours.state_dict().items(), theirs.state_dict().values(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4, msg=lambda text, name=name: f"{name}: {text}")
    assert all(not model[i].weight[~mask[f"{i}.weight"]].any() for model in (ours, theirs) for i in (0, 3, 5))


def test_the_model_is_itself_again_afterwards():
    model = network()
    mask, before = random_mask(model), dict(model.named_parameters())
    held, values = model[0], model[0].weight.detach() * mask["0.weight"]
    with sparse(model, mask) as rest:
        assert not rest
        assert type(held) is SparseLinear
        assert model[0] is held
        assert torch.equal(held.weight, values)
        assert "0.weight" not in dict(model.named_parameters())
        assert list(model.state_dict()) == [*network().state_dict()]
        model.eval()
    assert type(held) is nn.Linear
    assert vars(held).keys() == vars(nn.Linear(1, 1)).keys()
    assert not held.training
    after = dict(model.named_parameters())
    assert list(after) == list(before)
    assert all(after[name] is parameter for name, parameter in before.items())
    assert torch.equal(held.weight, values)


def test_an_exception_brings_the_trained_dense_layers_back():
    model = network()
    mask, start = random_mask(model), model[0].weight.detach().clone()

    def interrupted():
        with sparse(model, mask) as rest, masked(model, rest):
            train(model)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        interrupted()
    assert type(model[0]) is nn.Linear
    assert torch.equal(model[0].weight != 0, mask["0.weight"])
    assert not torch.equal(model[0].weight, start * mask["0.weight"])
    train(model)  # and no hook is left


def test_a_checkpoint_inside_resumes_to_the_same_bits():
    whole, first = network(), network()
    mask = random_mask(whole)
    with sparse(whole, mask) as rest, masked(whole, rest):
        train(whole)
    with sparse(first, mask) as rest, masked(first, rest):
        optimizer = train(first, range(11))
        states = copy.deepcopy((first.state_dict(), optimizer.state_dict()))
    second = network()
    with sparse(second, mask) as rest, masked(second, rest):
        second.load_state_dict(states[0])
        optimizer = torch.optim.Adam(second.parameters(), lr=0.01, weight_decay=0.01)
        optimizer.load_state_dict(states[1])
        train(second, range(11, 20), optimizer)
    assert all(
        torch.equal(a, b) for a, b in zip(whole.state_dict().values(), second.state_dict().values(), strict=True)
    )


def test_optimizer_state_is_only_that_of_the_weights_left():
    model = network()
    mask = random_mask(model)
    with sparse(model, mask):
        optimizer = train(model)
        assert optimizer.state[model[0].values]["exp_avg"].numel() == int(mask["0.weight"].sum())


def test_an_optimizer_from_before_is_refused():
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with sparse(model, random_mask(model)), pytest.raises(RuntimeError, match="made inside the `sparse` context"):
        train(model, optimizer=optimizer)
    train(model, optimizer=optimizer)


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(20, 20), nn.Linear(20, 20), nn.Linear(20, 20)
        self.b.weight = self.a.weight

    def forward(self, x):
        return self.c(self.b(self.a(x)))


def hooked():
    layer = nn.Linear(20, 20)
    layer.register_forward_hook(lambda module, inputs, out: out + module.weight.sum())
    return layer


def patched():
    layer = nn.Linear(20, 20)
    layer.forward = lambda x: F.linear(x, 2 * layer.weight)
    return layer


def weight_hooked():
    layer = nn.Linear(20, 20)
    layer.weight.register_hook(lambda g: 2 * g)
    return layer


class Own(nn.Linear):
    pass


ODD = {
    "hooks": hooked,
    "a forward of its own": patched,
    "a hook on the weight": weight_hooked,
    "parametrized": lambda: nn.utils.parametrizations.weight_norm(nn.Linear(20, 20)),
    "a subclass": lambda: Own(20, 20),
    "bfloat16": lambda: nn.Linear(20, 20).bfloat16(),
    "complex": lambda: nn.Linear(20, 20, dtype=torch.complex64),
    "meta": lambda: nn.Linear(20, 20, device="meta"),
    "lazy": lambda: nn.LazyLinear(20),
    "compiled": lambda: torch.compile(nn.Linear(20, 20), backend="eager"),
    "data parallel": lambda: nn.DataParallel(nn.Linear(20, 20)),
}


@pytest.mark.parametrize("make", ODD.values(), ids=ODD)
def test_odd_layers_are_left_dense(make):
    model = nn.Sequential(make(), nn.Linear(20, 20))
    on = torch.eye(20, dtype=torch.bool)
    names = [name for name, _ in model.named_parameters() if name.endswith("weight")]
    kinds = [type(module) for module in model[0].modules()]
    with sparse(model, dict.fromkeys(names, on), below=0.1) as rest:
        assert [type(module) for module in model[0].modules()] == kinds
        assert type(model[1]) is SparseLinear
        assert set(rest) == {*names} - {"1.weight"}


def test_tied_weights_are_left_dense():
    model, on = Tied(), torch.eye(20, dtype=torch.bool)
    twice = nn.Linear(20, 20)
    with sparse(model, {"a.weight": on, "c.weight": on}) as rest:
        assert [type(layer) for layer in (model.a, model.b, model.c)] == [nn.Linear, nn.Linear, SparseLinear]
        assert list(rest) == ["a.weight"]
    with sparse(nn.Sequential(twice, twice), {"0.weight": on}):
        assert type(twice) is nn.Linear


def test_a_model_that_is_itself_a_layer_and_one_without_bias():
    model, on = nn.Linear(20, 20, bias=False), torch.eye(20, dtype=torch.bool)
    with sparse(model, {"weight": on}) as rest, masked(model, rest):
        assert type(model) is SparseLinear
        model(torch.ones(3, 20)).sum().backward()
    assert model.weight.count_nonzero() == 20


def test_frozen_layers_stay_frozen_and_moved_ones_moved():
    model, on = nn.Sequential(nn.Linear(20, 20)), torch.eye(20, dtype=torch.bool)
    model[0].weight.requires_grad_(False)
    with sparse(model, {"0.weight": on}):
        assert not model[0].values.requires_grad
        model.double()
    assert model[0].weight.dtype == model[0].bias.dtype == torch.float64
    assert not model[0].weight.requires_grad
    assert model(torch.ones(2, 20, dtype=torch.float64)).shape == (2, 20)


def test_layers_with_nothing_left_and_above_the_density_are_left_dense():
    model = nn.Sequential(nn.Linear(20, 20), nn.Linear(20, 20), nn.Linear(20, 20))
    on = torch.eye(20, dtype=torch.bool)
    mask = {"0.weight": on, "1.weight": torch.zeros_like(on), "2.weight": on | on.roll(1, 0)}
    with sparse(model, mask, below=0.1) as rest:
        assert [type(layer) for layer in model] == [SparseLinear, nn.Linear, nn.Linear]
        assert list(rest) == ["1.weight", "2.weight"]


def test_a_transformers_fast_path_reads_the_weight():
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, batch_first=True).eval()
    mask = {name: torch.rand(p.shape) < 0.09 for name, p in layer.named_parameters() if name.startswith("linear")}
    mask = {name: on for name, on in mask.items() if on.ndim == 2}
    x = torch.randn(2, 5, 16)
    with sparse(layer, mask, below=0.3), torch.no_grad():
        assert type(layer.linear1) is SparseLinear
        ours = layer(x)
    with torch.no_grad():
        torch.testing.assert_close(ours, layer(x))


@pytest.mark.parametrize("below", [0, -0.1, 1.5, float("nan"), "0.1"])
def test_bad_below(below):
    with pytest.raises(ValueError, match=r"below must be in \(0, 1\]; got"), sparse(nn.Linear(2, 2), {}, below):
        pass


def test_nested_and_foreign_masks():
    model, on = nn.Sequential(nn.Linear(20, 20)), torch.eye(20, dtype=torch.bool)
    with sparse(model, {"0.weight": on}):
        with pytest.raises(ValueError, match="sparse already"), sparse(model, {"0.weight": on}):
            pass
        assert type(model[0]) is SparseLinear
    with sparse(model, {"1.weight": on}) as rest, pytest.raises(ValueError, match="of another model"):
        masked(model, rest).__enter__()
    with masked(model, {"0.weight": on}), sparse(model, {"0.weight": on}) as rest:
        assert list(rest) == ["0.weight"]  # masked already, by a hook on its gradient
