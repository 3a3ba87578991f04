"""Every switch on every kind of module: the formula, its gradients, and the verbs that must not change them."""

import copy

import pytest
import torch
from torch import nn
from torch.func import functional_call
from zoo import METHODS, MODELS, TASKS, assert_same_function, example, gated_example, outputs, same, snapshot

import rewire
from rewire.gates import Own
from rewire.gates.parts import gates, original, slots

every_kind = pytest.mark.parametrize("kind", MODELS)
every_method = pytest.mark.parametrize("method", METHODS)


def naive(model: nn.Module, kind: str, task: str) -> nn.Module:
    """A plain model of this kind whose tensors are written as the formula says: values · mask."""
    plain, _ = example(kind)
    formula = {
        "Sigmoid": lambda values, score: values * (1 / (1 + torch.exp(-score))),
        "Hard": lambda values, score: torch.where(score > 0, values, torch.zeros(())),
        "Bernoulli": lambda values, score: torch.where(torch.sigmoid(score) > 0.5, values, torch.zeros(())),
        "TopK": lambda values, score: values * largest(score, density=0.5),
        "Own": lambda values, score: score,
    }
    with torch.no_grad():
        for name, module, part, gate in slots(model):
            written = formula[type(gate.switch).__name__](original(module, part), gate.score(task))
            plain.state_dict()[name].copy_(written)
    return plain


def largest(score: torch.Tensor, density: float) -> torch.Tensor:
    mask = torch.ones(score.numel())
    mask[score.abs().flatten().argsort(stable=True)[: int((1 - density) * score.numel())]] = 0
    return mask.reshape(score.shape)


@every_kind
@every_method
def test_forward_is_the_formula_and_tasks_differ(kind, method):
    model, x = gated_example(kind, method)
    found = outputs(model, x)
    for task in TASKS:
        torch.testing.assert_close(found[task], naive(model, kind, task)(x))
    assert not torch.allclose(found["day"], found["night"])


@every_kind
@every_method
def test_gradients_reach_the_values_and_the_active_scores_only(kind, method):
    model, x = gated_example(kind, method)
    rewire.switch(model.train(), "night")(x).square().sum().backward()
    for name, module, part, gate in slots(model):
        values = original(module, part)
        if not isinstance(values, nn.Parameter):
            continue
        assert gate.score("night").grad is not None, name
        assert gate.score("day").grad is None
        assert gate.score("dusk").grad is None
        assert (values.grad is None) == isinstance(gate.switch, Own)
    assert any(gate.score("night").grad.abs().sum() > 0 for gate in gates(model).values() if gate.active.requires_grad)


@every_kind
@every_method
def test_merging_gives_the_same_function_as_a_plain_module_and_leaves_the_gated_one(kind, method):
    model, x = gated_example(kind, method)
    before, state = outputs(model, x), snapshot(model)
    rewire.switch(model, "dusk")
    merged = {task: rewire.merge(model, task) for task in (*TASKS, "day")}
    with torch.no_grad():
        assert_same_function(kind, before, {task: plain(x) for task, plain in merged.items()})
        for task, plain in merged.items():
            weights = {n: getattr(m, p) for n, m, p, _ in slots(rewire.switch(model, task))}
            assert same(weights, {name: plain.state_dict()[name] for name in weights})
    rewire.switch(model, "dusk")
    assert rewire.active_task(model) == "dusk"
    assert same(snapshot(model), state)
    assert same(outputs(model, x), before)
    assert same(outputs(copy.deepcopy(model), x), before)


@every_kind
@every_method
def test_a_merged_module_is_the_plain_one_in_every_outward_sign(kind, method):
    model, _ = gated_example(kind, method)
    plain, reference = rewire.merge(model, "night"), example(kind)[0]
    assert [type(module) for module in plain.modules()] == [type(module) for module in reference.modules()]
    assert {n: p.requires_grad for n, p in plain.named_parameters()} == {
        n: p.requires_grad for n, p in reference.named_parameters()
    }
    assert [n for n, _ in plain.named_buffers()] == [n for n, _ in reference.named_buffers()]
    reference.load_state_dict(plain.state_dict())
    shared = {t.data_ptr() for t in model.state_dict().values() if t.numel()}
    assert shared.isdisjoint(t.data_ptr() for t in plain.state_dict().values() if t.numel())
    assert "rewire" not in repr({**vars(plain)}) + repr(plain)


@every_kind
@every_method
def test_saving_and_loading_is_exact(kind, method, tmp_path):
    model, x = gated_example(kind, method)
    before = outputs(model, x)
    rewire.save(model, tmp_path)
    fresh, _ = example(kind, seed=1)
    loaded = rewire.load(fresh, tmp_path)
    assert loaded is fresh
    assert rewire.active_task(loaded) == "day"
    assert same(outputs(loaded, x), before)
    again, _ = gated_example(kind, method, seed=2)
    assert same(outputs(rewire.load(again, tmp_path), x), before)


@every_kind
@every_method
def test_mixed_batches_equal_calls_task_by_task(kind, method):
    model, x = gated_example(kind, method)
    each = outputs(rewire.switch(model, "night"), x)
    ids = ["dusk", "day", "day", "night", "dusk", "day"]
    rewire.switch(model, "night")
    expected = torch.stack([each[task][row] for row, task in enumerate(ids)])
    with torch.no_grad():
        torch.testing.assert_close(rewire.mixed(model, x, ids), expected)
        torch.testing.assert_close(rewire.mixed(model, x, torch.tensor([TASKS.index(t) for t in ids])), expected)
    with rewire.cached(model):
        for _ in range(2):
            torch.testing.assert_close(rewire.mixed(model, x, ids), expected)
            assert_same_function(kind, outputs(model, x), each)
    assert rewire.active_task(model) == "dusk"


@every_kind
@every_method
def test_state_dict_copy_and_dtype_keep_the_function(kind, method):
    model, x = gated_example(kind, method)
    before = outputs(model, x)
    rewire.switch(model, "night")
    for assign in (False, True):
        other, _ = gated_example(kind, method, seed=3)
        rewire.switch(other, "night").load_state_dict(copy.deepcopy(model.state_dict()), assign=assign)
        with torch.no_grad():
            assert same({"night": other(x)}, {"night": before["night"]})
        assert same(outputs(other, x), before)
        assert all(gate.active is gate.score(gate.task) for gate in gates(other).values())
    double = copy.deepcopy(model).double()
    wide = x.double() if x.is_floating_point() else x
    assert double(wide).dtype == torch.float64
    torch.testing.assert_close(double(wide).float(), before["night"], rtol=1e-4, atol=1e-5)
    assert same(outputs(copy.deepcopy(double).float(), x), before)


@every_kind
def test_functional_calls_may_replace_scores(kind):
    model, x = gated_example(kind)
    state = dict(model.named_parameters()) | dict(model.named_buffers())
    names = {id(tensor): name for name, tensor in state.items()}
    for gate in gates(model).values():
        state[names[id(gate.score("day"))]] = gate.score("night").detach()
    found = functional_call(model, state, (x,)).detach()
    assert_same_function(kind, {"y": found}, {"y": outputs(model, x)["night"]})


@every_kind
def test_preserving_starts_at_the_plain_model(kind):
    model, x = example(kind)
    with torch.no_grad():
        before = model(x)
        gated = rewire.gate(model, TASKS, preserve=True)
        assert_same_function(kind, outputs(gated, x), dict.fromkeys(TASKS, before))
