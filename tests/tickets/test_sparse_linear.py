"""SparseLinear is the masked dense layer: same numbers, same gradients, same state dict, for every input."""

import copy
import pickle
import warnings

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from rewire.tickets import SparseLinear

LEADING = [(), (1,), (5,), (63,), (64,), (65,), (130,), (3, 4), (2, 1, 3)]


def layers(inputs, outputs, density, bias=True, dtype=torch.float32, seed=0):
    """A sparse layer and the masked dense one that it must equal."""
    torch.manual_seed(seed)
    dense = nn.Linear(inputs, outputs, bias, dtype=dtype)
    mask = torch.rand(outputs, inputs) < density
    sparse = SparseLinear(copy.deepcopy(dense), mask)
    dense.weight.data *= mask
    return sparse, dense, mask


def close(a, b):
    torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)


@settings(max_examples=60, deadline=None)
@given(
    inputs=st.integers(1, 40),
    outputs=st.integers(1, 20),
    density=st.sampled_from([0.0, 0.02, 0.3, 1.0]),
    bias=st.booleans(),
    leading=st.sampled_from(LEADING),
    dtype=st.sampled_from([torch.float32, torch.float64]),
    seed=st.integers(0, 2**31),
)
def test_equal_to_the_masked_dense_layer(inputs, outputs, density, bias, leading, dtype, seed):
    sparse, dense, mask = layers(inputs, outputs, density, bias, dtype, seed)
    x, y = (torch.randn(*leading, inputs, dtype=dtype) for _ in range(2))
    y = x.clone().requires_grad_()
    x.requires_grad_()
    ours, theirs = sparse(x), dense(y)
    close(ours, theirs)
    weights = torch.randn_like(ours)
    (ours * weights).sum().backward()
    (theirs * weights).sum().backward()
    close(x.grad, y.grad)
    close(sparse.values.grad, dense.weight.grad[mask])
    if bias:
        close(sparse.bias.grad, dense.bias.grad)


@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.randn(30, 70).t(),
        lambda: torch.randn(140, 30)[::2],
        lambda: torch.randn(30).expand(70, 30),
        lambda: torch.randn(70, 2, 30)[:, 1],
        lambda: torch.randn(70, 30, dtype=torch.complex64).conj().imag,
        lambda: torch.empty(0, 30),
        lambda: torch.empty(4, 0, 30),
    ],
    ids=["transposed", "strided", "expanded", "sliced", "negated view", "empty", "empty inside"],
)
def test_inputs_of_any_layout(make):
    sparse, dense, _ = layers(30, 8, 0.2)
    x = make()
    close(sparse(x), dense(x))


def test_a_gradient_that_is_one_number_expanded():
    sparse, dense, mask = layers(30, 8, 0.2)
    x = torch.randn(9, 30)
    sparse(x).sum().backward()
    dense(x).sum().backward()
    close(sparse.values.grad, dense.weight.grad[mask])


@pytest.mark.parametrize("frozen", ["values", "bias"])
def test_frozen_parts_get_no_gradient(frozen):
    sparse, dense, _ = layers(30, 8, 0.2)
    getattr(sparse, frozen).requires_grad_(False)
    x, y = torch.randn(5, 30, requires_grad=True), torch.randn(5, 30, requires_grad=True)
    y.data.copy_(x.data)
    sparse(x).square().sum().backward()
    dense(y).square().sum().backward()
    close(x.grad, y.grad)
    assert getattr(sparse, frozen).grad is None
    assert sparse(x.detach()).requires_grad


def test_infinity_and_nan_reach_the_outputs_that_read_them():
    sparse, _, mask = layers(30, 8, 0.2)
    x = torch.zeros(2, 30)
    x[0, 3], x[1, 3] = torch.nan, torch.inf
    reads = mask[:, 3]
    assert reads.any()
    assert not reads.all()
    assert torch.equal(sparse(x)[0].isnan(), reads)
    assert torch.equal(sparse(x)[1].isinf(), reads)


def test_the_same_bits_each_time():
    sparse, _, _ = layers(300, 50, 0.1)
    results = []
    for shift in range(4):  # also where the numbers stand differently in memory
        x = torch.empty(60 * 300 + shift)[shift:].view(60, 300)
        x.copy_(torch.arange(60 * 300).view(60, 300) / 1e4)
        x.requires_grad_()
        sparse.zero_grad()
        out = sparse(x)
        out.square().sum().backward()
        results.append((out.detach(), x.grad, sparse.values.grad, sparse.bias.grad))
    for result in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(result, results[0], strict=True))


def test_second_derivatives():
    sparse, _, _ = layers(7, 4, 0.4, dtype=torch.float64)
    x = torch.randn(5, 7, dtype=torch.float64, requires_grad=True)
    calls = (x, sparse.values, sparse.bias)
    assert torch.autograd.gradgradcheck(lambda *_: sparse(x).tanh(), calls)
    assert torch.autograd.gradcheck(lambda *_: sparse(x).tanh(), calls)


def test_an_input_written_to_before_backward_is_refused():
    sparse, _, _ = layers(7, 4, 0.4)
    x = torch.randn(5, 7)
    out = sparse(x)
    x.zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        out.sum().backward()


def test_no_grad_and_eval_give_the_same_numbers():
    sparse, _, _ = layers(30, 8, 0.2)
    x = torch.randn(70, 30)
    trained = sparse(x)
    with torch.no_grad():
        assert torch.equal(sparse(x), trained)
    with torch.inference_mode():
        assert torch.equal(sparse.eval()(x), trained)


def test_bfloat16_and_autocast_compute_as_the_dense_layer():
    sparse, dense, _ = layers(30, 8, 0.2)
    x = torch.randn(9, 30)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(sparse(x), dense(x))
    sparse, dense = sparse.bfloat16(), dense.bfloat16()
    assert torch.equal(sparse(x.bfloat16()), dense(x.bfloat16()))
    sparse(x.bfloat16()).sum().backward()
    assert sparse.values.grad.dtype == torch.bfloat16


@pytest.mark.parametrize("x", [torch.randn(4, 29), torch.randn(4, 30, dtype=torch.float64), torch.tensor(1.0)])
def test_unfit_inputs_are_refused_as_the_dense_layer_refuses_them(x):
    sparse, dense, _ = layers(30, 8, 0.2)
    with pytest.raises(RuntimeError) as expected:
        dense(x)
    with pytest.raises(RuntimeError) as got:
        sparse(x)
    assert str(got.value) == str(expected.value)


def test_traced_and_compiled_calls_keep_the_product():
    sparse, dense, _ = layers(30, 8, 0.2)
    x = torch.randn(9, 30)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch.jit.trace goes, but is still used
        traced = torch.jit.trace(sparse, x)
    close(traced(2 * x), dense(2 * x))
    close(torch.compile(sparse, backend="eager")(x), dense(x))


def test_functions_of_functions_compute_with_the_dense_matrix():
    sparse, dense, _ = layers(30, 8, 0.2)
    x = torch.randn(4, 9, 30)
    close(torch.func.vmap(sparse)(x), dense(x))
    close(torch.func.grad(lambda x: sparse(x).square().sum())(x), torch.func.grad(lambda x: dense(x).square().sum())(x))


def test_state_dict_is_that_of_the_dense_layer():
    sparse, dense, mask = layers(30, 8, 0.2)
    state = sparse.state_dict()
    assert list(state) == ["weight", "bias"]
    assert all(torch.equal(state[name], value) for name, value in dense.state_dict().items())
    other = nn.Linear(30, 8)
    assert str(sparse.load_state_dict(other.state_dict())) == "<All keys matched successfully>"
    close(sparse(torch.ones(1, 30)), F.linear(torch.ones(1, 30), other.weight * mask, other.bias))
    other.load_state_dict(sparse.state_dict())
    assert torch.equal(other.weight != 0, mask)


def test_states_that_do_not_fit_are_refused_in_the_dense_layers_words():
    sparse, dense, _ = layers(30, 8, 0.2)
    before = sparse.values.detach().clone()
    for state in ({"weight": torch.zeros(8, 29), "bias": torch.zeros(8)}, {"bias": torch.zeros(8)}, {"values": before}):
        with pytest.raises(RuntimeError) as expected:
            dense.load_state_dict(state)
        with pytest.raises(RuntimeError) as got:
            sparse.load_state_dict(state)
        assert str(got.value).replace("SparseLinear", "Linear") == str(expected.value)
    assert torch.equal(sparse.values, before)


def test_copies_and_pickles_go_on_training_alike():
    sparse, _, _ = layers(30, 8, 0.2)
    x = torch.randn(9, 30)
    for other in (copy.deepcopy(sparse), pickle.loads(pickle.dumps(sparse))):
        assert torch.equal(other(x), sparse(x))
        assert other.values is not sparse.values


def test_parameters_are_those_that_are_left():
    sparse, dense, mask = layers(30, 8, 0.2)
    assert {name: p.numel() for name, p in sparse.named_parameters()} == {"values": int(mask.sum()), "bias": 8}
    penalty = sparse.weight.square().sum()
    penalty.backward()
    close(sparse.values.grad, 2 * sparse.values)
    torch.manual_seed(5)
    sparse.reset_parameters()
    torch.manual_seed(5)
    dense.reset_parameters()
    assert torch.equal(sparse.weight, dense.weight * mask)
    assert torch.equal(sparse.bias, dense.bias)
    assert sparse.double().weight.dtype == torch.float64
    assert f"kept={int(mask.sum())} of 240" in repr(sparse)


def test_bad_masks_and_layers():
    layer = nn.Linear(3, 2)
    with pytest.raises(TypeError, match="boolean tensor; got"):
        SparseLinear(layer, torch.ones(2, 3))
    with pytest.raises(ValueError, match=r"shape \[2, 3\]; got \[3, 2\]"):
        SparseLinear(layer, torch.ones(3, 2, dtype=torch.bool))
    on = torch.ones(2, 3, dtype=torch.bool)
    with pytest.raises(ValueError, match="lazily initialised"):
        SparseLinear(nn.LazyLinear(2), on)
    with pytest.raises(ValueError, match="meta device"):
        SparseLinear(nn.Linear(3, 2, device="meta"), on)
    with pytest.raises(ValueError, match="parametrized"):
        SparseLinear(nn.utils.parametrizations.weight_norm(layer), on)
