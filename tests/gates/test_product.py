"""The product of a gate equals its formula bit for bit, and recycled memory is never seen to be recycled."""

import copy
import io
import pickle
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from rewire.gates import product
from rewire.gates.product import Memory, gated_product, hard_product

LARGE = (257, 256)


def plain_sigmoid(values: Tensor, score: Tensor, memory: object = None) -> Tensor:
    return values * torch.sigmoid(score)


def plain_hard(values: Tensor, score: Tensor, memory: object = None) -> Tensor:
    soft = torch.sigmoid(score)
    return values * ((score > 0).to(soft.dtype) + (soft - soft.detach()))


PAIRS = pytest.mark.parametrize(
    ("ours", "formula"), [(gated_product, plain_sigmoid), (hard_product, plain_hard)], ids=["sigmoid", "hard"]
)


def tensors(shape: tuple[int, ...] = LARGE, dtype: torch.dtype = torch.float32, seed: int = 0) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [(3 * torch.randn(shape, generator=generator)).to(dtype).requires_grad_() for _ in range(2)]


def gradients(function: Callable[..., Tensor], values: Tensor, score: Tensor, memory: Memory | None) -> list[Tensor]:
    weight = function(values, score, memory)
    wanted = [tensor for tensor in (values, score) if tensor.requires_grad]
    return [weight, *torch.autograd.grad(weight, wanted, weight.detach().cos())]


def assert_same(got: list[Tensor], expected: list[Tensor]) -> None:
    for a, b in zip(got, expected, strict=True):
        assert a.stride() == b.stride()
        torch.testing.assert_close(a, b, rtol=0, atol=0)


@pytest.fixture(autouse=True)
def recycle_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(product, "SMALLEST", 1)


@PAIRS
@given(seed=st.integers(0, 2**32), rows=st.integers(2, 9), columns=st.integers(2, 70), trains=st.sampled_from("vsb"),
       dtype=st.sampled_from([torch.float32, torch.float64, torch.bfloat16]), transpose=st.booleans())  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_equals_the_formula(ours, formula, seed, rows, columns, trains, dtype, transpose) -> None:
    values, score = tensors((rows, columns), dtype, seed)
    if transpose:
        values, score = (tensor.detach().t().requires_grad_() for tensor in (values, score))
    values.requires_grad_(trains != "s")
    score.requires_grad_(trains != "v")
    memory = Memory()
    for _ in range(3):  # the second and third rounds run in used memory
        assert_same(gradients(ours, values, score, memory), gradients(formula, values, score, None))


@PAIRS
def test_strides_of_channels_last_weights_stay(ours, formula) -> None:
    values, score = (t.detach().to(memory_format=torch.channels_last).requires_grad_() for t in tensors((8, 4, 3, 3)))
    got = gradients(ours, values, score, Memory())
    assert all(tensor.is_contiguous(memory_format=torch.channels_last) for tensor in got)
    assert_same(got, gradients(formula, values, score, None))


def test_first_and_second_derivatives_pass_gradcheck() -> None:
    memory = Memory()
    values, score = tensors((3, 4), torch.float64)
    assert torch.autograd.gradcheck(lambda v, s: gated_product(v, s, memory), (values, score))
    assert torch.autograd.gradgradcheck(lambda v, s: gated_product(v, s, memory), (values, score))


@PAIRS
@pytest.mark.parametrize("depends", [False, True])
def test_second_derivatives_equal_the_formula(ours, formula, depends: bool) -> None:
    def second(function: Callable[..., Tensor], memory: Memory | None) -> tuple[Tensor, ...]:
        values, score = tensors((3, 4), torch.float64)
        gate = function(values, score + values.sin() if depends else score, memory)
        first = torch.autograd.grad(gate.square().sum(), (values, score), create_graph=True)
        return torch.autograd.grad(sum(g.square().sum() for g in first), (values, score))

    for got, expected in zip(second(ours, Memory()), second(formula, None), strict=True):
        torch.testing.assert_close(got, expected)


def test_memory_is_recycled_between_steps() -> None:
    values, score = tensors()
    memory, addresses = Memory(), set()
    for _ in range(5):
        values.grad = score.grad = None
        weight = gated_product(values, score, memory)
        weight.backward(torch.ones_like(weight))
        addresses |= {tensor.data_ptr() for tensor in (weight, values.grad, score.grad)}
        del weight
    assert len(addresses) <= 4  # switch, weight, two gradients


def test_gradients_are_stolen_not_copied() -> None:
    values, score = tensors()
    memory = Memory()
    weight = gated_product(values, score, memory)
    lent: list[int] = []
    take = memory.take
    memory.take = lambda like: lent.append((tensor := take(like)).data_ptr()) or tensor  # type: ignore[method-assign]
    weight.sum().backward()
    assert {values.grad.data_ptr(), score.grad.data_ptr()} == set(lent)


@given(
    st.lists(st.sampled_from(["forward", "backward", "retain", "drop weight", "drop grad", "other task"]), max_size=40)
)
@settings(max_examples=60, deadline=None)
def test_what_is_held_is_never_overwritten(actions: list[str]) -> None:
    values, *scores = (tensors((4, 5), seed=seed)[0] for seed in range(3))
    memory, active = Memory(), scores[0]
    graphs: list[tuple[Tensor, Tensor]] = []
    held: list[tuple[Tensor, Tensor]] = []  # a tensor and a copy from when it was made
    for action in actions:
        if action == "forward":
            graphs.append((gated_product(values, active, memory), active))
            held.append((graphs[-1][0].detach(), plain_sigmoid(values, active).detach()))
        elif action in ("backward", "retain") and graphs:
            weight, score = graphs[-1] if action == "retain" else graphs.pop(0)
            ours = torch.autograd.grad(weight.square().sum(), (values, score), retain_graph=action == "retain")
            expected = torch.autograd.grad(plain_sigmoid(values, score).square().sum(), (values, score))
            held += zip(ours, expected, strict=True)
        elif action.startswith("drop") and held:
            held.pop(0 if action == "drop grad" else -1)
        elif action == "other task":
            active = scores[0] if active is scores[1] else scores[1]
        for tensor, copied in held:
            assert torch.equal(tensor, copied)


@PAIRS
def test_gradients_accumulate_in_place(ours, formula) -> None:
    results = []
    for function, memory in ((ours, Memory()), (formula, None)):
        values, score = tensors()
        optimizer = torch.optim.SGD([values, score], lr=0.1, momentum=0.9)
        for _ in range(3):
            optimizer.zero_grad(set_to_none=False)
            for scale in (1.0, -0.5):
                (scale * function(values, score, memory).square().sum()).backward()
            optimizer.step()
        results.append([values.detach(), score.detach(), values.grad, score.grad])
    assert_same(*results)


def test_a_hook_may_keep_its_gradient() -> None:
    values, score = tensors()
    memory, seen = Memory(), []
    for scale in (1.0, 2.0):
        weight = gated_product(values, score, memory)
        handle = values.register_hook(seen.append)
        (scale * weight.sum()).backward()
        handle.remove()
        values.grad = score.grad = None
    assert torch.equal(2 * seen[0], seen[1])


@PAIRS
def test_without_gradients(ours, formula) -> None:
    values, score = tensors()
    memory = Memory()
    for context in (torch.no_grad, torch.inference_mode):
        with context():
            assert torch.equal(ours(values, score, memory), formula(values, score))
    with torch.inference_mode(), torch.inference_mode(False):
        assert_same(gradients(ours, values, score, memory), gradients(formula, values, score, None))


@PAIRS
@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")  # from PyTorch's own forward mode
def test_function_transforms(ours, formula) -> None:
    values, score = tensors((3, 4))
    memory = Memory()

    def loss(function: Callable[..., Tensor], v: Tensor, s: Tensor) -> Tensor:
        return function(v, s, memory).square().sum()

    for transform in (torch.func.grad, torch.func.jacrev, lambda f, argnums: torch.func.vmap(f)):
        got = transform(lambda v, s: loss(ours, v, s), argnums=1)(values, score)
        torch.testing.assert_close(got, transform(lambda v, s: loss(formula, v, s), argnums=1)(values, score))
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(score, torch.ones_like(score))
        tangents = [torch.autograd.forward_ad.unpack_dual(f(values, dual, memory)).tangent for f in (ours, formula)]
    torch.testing.assert_close(*tangents)


def test_compiles_to_one_graph() -> None:
    values, score = tensors((3, 4))
    memory = Memory()
    compiled = torch.compile(lambda v, s: gated_product(v, s, memory), fullgraph=True, backend="aot_eager")
    assert_same(
        gradients(lambda v, s, m: compiled(v, s), values, score, None), gradients(plain_sigmoid, values, score, None)
    )


def test_a_trace_computes_anew() -> None:
    values, score = (tensor.detach() for tensor in tensors((3, 4)))
    graph = torch.fx.experimental.proxy_tensor.make_fx(lambda v, s: gated_product(v, s, Memory()))(values, score)
    kept = graph(values, score)
    assert torch.equal(graph(2 * values, score), 2 * kept)


def test_autocast_leaves_the_weight_in_its_own_precision() -> None:
    values, score = tensors()
    with torch.autocast("cpu", torch.bfloat16):
        got, expected = (gradients(f, values, score, Memory()) for f in (gated_product, plain_sigmoid))
    assert_same(got, expected)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu() -> None:
    values, score = (tensor.detach().cuda().requires_grad_() for tensor in tensors())
    assert_same(gradients(gated_product, values, score, Memory()), gradients(plain_sigmoid, values, score, None))


def test_a_changed_weight_is_refused_or_harmless() -> None:
    values, score = tensors()
    weight = gated_product(values, score, Memory())
    expected = torch.autograd.grad(plain_sigmoid(values, score).sum(), (values, score))
    loss = weight.sum()
    with torch.no_grad():
        weight.mul_(0)  # as an embedding's max_norm does
    assert_same(list(torch.autograd.grad(loss, (values, score))), list(expected))


def test_copies_and_pickles_are_empty() -> None:
    values, score = tensors()
    memory = Memory()
    gradients(gated_product, values, score, memory)
    for other in (copy.deepcopy(memory), copy.copy(memory), pickle.loads(pickle.dumps(memory))):
        assert not other._free
    stream = io.BytesIO()
    torch.save(memory, stream)
    assert stream.tell() < 2000


def test_memory_kept_is_bounded_and_follows_the_layout() -> None:
    values, score = tensors((8, 16))
    memory = Memory()
    weights = [gated_product(values, score, memory) for _ in range(20)]
    del weights
    assert len(memory._free) == product.KEPT
    double = memory.take(values.detach().double())
    assert (double.dtype, double.stride(), len(memory._free)) == (torch.float64, values.stride(), 0)
