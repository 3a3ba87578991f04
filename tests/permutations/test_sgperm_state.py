"""SGPerm's state: saved and loaded exactly, whatever the precision; what is of another model is refused."""

import copy
import io
import pickle

import pytest
import torch
from torch import nn

from rewire.optim import SGPerm
from rewire.permutations import same_multiset

DTYPES = [torch.float32, torch.float64, torch.bfloat16, torch.float16]


def network(dtype=torch.float32, seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(300, 12), nn.Tanh(), nn.Linear(12, 2)).to(dtype)


def weights(model):
    return [model[0].weight, model[2].weight, model[0].bias]


def train(model, optimizer, steps):
    for step in steps:
        random = torch.Generator().manual_seed(step)
        for parameter in weights(model):
            parameter.grad = torch.randn(parameter.shape, generator=random).to(parameter)
        optimizer.step()


def written(state):
    """A state dict that went through a file, by torch's reader that runs no code."""
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("match", ["dfs", "bracket", "project"])
def test_resume_is_exact(match, dtype):
    model = network(dtype)
    optimizer = SGPerm(weights(model), match=match, seed=5)
    train(model, optimizer, range(4))
    model_state, state = copy.deepcopy(model.state_dict()), written(optimizer.state_dict())
    train(model, optimizer, range(4, 9))

    again = network(dtype, seed=1)
    again.load_state_dict(model_state)
    resumed = SGPerm(weights(again), match=match)
    resumed.load_state_dict(state)
    train(again, resumed, range(4, 9))
    assert same(model.state_dict(), again.state_dict())
    for ours, theirs in zip(optimizer.state.values(), resumed.state.values(), strict=True):
        assert ours["step"] == theirs["step"] == 9
        assert torch.equal(ours["momentum_buffer"], theirs["momentum_buffer"])
        assert torch.equal(ours["order"], theirs["order"])
        assert ours["order"].dtype == theirs["order"].dtype == torch.int32
        assert ours["momentum_buffer"].dtype == theirs["momentum_buffer"].dtype


def test_two_runs_are_equal_and_seeds_differ():
    ended = []
    for seed in (0, 0, 1):
        model = network()
        train(model, SGPerm(weights(model), seed=seed), range(3))
        ended.append(model.state_dict())
    assert same(ended[0], ended[1])
    assert not same(ended[0], ended[2])


def test_the_order_of_loading_does_not_matter():
    model = network()
    optimizer = SGPerm(weights(model), seed=0)
    train(model, optimizer, range(3))
    other = network(seed=1)
    loaded = SGPerm(weights(other))
    loaded.load_state_dict(optimizer.state_dict())
    other.load_state_dict(model.state_dict())
    train(model, optimizer, [3])
    train(other, loaded, [3])
    assert same(model.state_dict(), other.state_dict())


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))])
def test_copies_go_on_by_themselves(duplicate):
    model = network()
    optimizer = SGPerm(weights(model), seed=0)
    train(model, optimizer, range(3))
    twin, its_optimizer = duplicate((model, optimizer))
    train(model, optimizer, range(3, 5))
    train(twin, its_optimizer, range(3, 5))
    assert same(model.state_dict(), twin.state_dict())


def test_loading_leaves_the_given_state_alone():
    model = network()
    optimizer = SGPerm(weights(model), seed=0)
    train(model, optimizer, range(2))
    state = copy.deepcopy(optimizer.state_dict())
    twin = SGPerm(weights(model))
    twin.load_state_dict(state)
    train(model, twin, range(2, 4))
    assert torch.equal(state["state"][0]["order"], optimizer.state[model[0].weight]["order"])
    assert state["state"][0]["step"] == 2


def test_hooks_of_others_may_change_what_is_loaded():
    model = network()
    optimizer = SGPerm(weights(model), seed=0)
    train(model, optimizer, range(2))
    twin = SGPerm(weights(model))

    def reset(_, state):
        entries = {
            number: {**entry, "momentum_buffer": torch.zeros_like(entry["momentum_buffer"])}
            for number, entry in state["state"].items()
        }
        return {**state, "state": entries}

    twin.register_load_state_dict_pre_hook(reset)
    twin.load_state_dict(optimizer.state_dict())
    assert not twin.state[model[0].weight]["momentum_buffer"].any()


def test_parameters_without_a_step_have_no_state():
    model = network()
    optimizer = SGPerm(weights(model), seed=0)
    model[0].weight.grad = torch.randn(12, 300)
    optimizer.step()
    twin = SGPerm(weights(model))
    twin.load_state_dict(written(optimizer.state_dict()))
    train(model, twin, [0])
    assert [twin.state[parameter]["step"] for parameter in weights(model)] == [2, 1, 1]


def test_state_of_other_weights_is_refused_at_the_next_step():
    model = network()
    optimizer = SGPerm(weights(model), seed=0)
    train(model, optimizer, range(2))
    other = network(seed=1)
    loaded = SGPerm(weights(other))
    loaded.load_state_dict(optimizer.state_dict())
    before = copy.deepcopy(other.state_dict())
    with pytest.raises(ValueError, match="parameter 0 must keep its values"):
        train(other, loaded, [2])
    assert same(before, other.state_dict())


def saved():
    model = network()
    optimizer = SGPerm(weights(model), seed=0)
    train(model, optimizer, range(2))
    return model, copy.deepcopy(optimizer.state_dict())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s["state"][0].pop("order"), "state_dict must be of an SGPerm; it has no 'order' of parameter 0"),
        (lambda s: s["param_groups"][0].pop("match"), "state_dict must be of an SGPerm; its groups have no 'match'"),
        (lambda s: s["param_groups"][0].update(partition=7), r"partition must be in \(0, 1\]; got 7"),
        (lambda s: s["state"][1].update(s["state"][0]), r"'order' of parameter 1 must be of shape \[2, 12\], got"),
        (lambda s: s["state"][0]["order"][3].fill_(9), "'order' of parameter 0 is no permutation of the slots"),
        (lambda s: s["state"][0]["order"][0].add_(1), "'order' of parameter 0 is no permutation of the slots"),
        (
            lambda s: s["state"][2].update(order=s["state"][2]["order"].float()),
            "'order' of parameter 2 is torch.float32",
        ),
        (
            lambda s: s["state"][0]["momentum_buffer"][0].fill_(torch.nan),
            "'momentum_buffer' of parameter 0 is not finite",
        ),
        (lambda s: s["state"][0].update(step=-1), "'step' of parameter 0 is -1"),
    ],
)
def test_states_that_are_not_as_they_were_saved(change, message):
    model, state = saved()
    change(state)
    optimizer = SGPerm(weights(model), seed=3)
    with pytest.raises(ValueError, match=message):
        optimizer.load_state_dict(state)
    assert not optimizer.state
    assert optimizer.param_groups[0]["seed"] == 3


def test_the_state_of_another_optimizer_or_of_other_groups():
    model, state = saved()
    adam = torch.optim.Adam(weights(model))
    with pytest.raises(ValueError, match="state_dict must be of an SGPerm; its groups have no 'aggressiveness'"):
        SGPerm(weights(model)).load_state_dict(adam.state_dict())
    with pytest.raises(ValueError, match="parameter group that doesn't match the size"):
        SGPerm(weights(model)[:2]).load_state_dict(state)
    with pytest.raises(ValueError, match="different number of parameter groups"):
        SGPerm([{"params": [weight]} for weight in weights(model)]).load_state_dict(state)


def test_named_parameters_are_named_in_errors():
    model, state = saved()
    names = ["in", "out", "bias"]
    del state["state"][1]["digest"]
    with pytest.raises(ValueError, match="it has no 'digest' of 'out'"):
        SGPerm(zip(names, weights(model), strict=True)).load_state_dict(state)


def test_moved_rows_are_those_of_the_beginning():
    model = network()
    before = copy.deepcopy(model.state_dict())
    train(model, SGPerm(weights(model), seed=0), range(30))
    for name in ("0.weight", "2.weight", "0.bias"):
        assert same_multiset(model.state_dict()[name], before[name])
