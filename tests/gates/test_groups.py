"""Parameter groups and the regularisers of equations 4 and 5."""

import math
import time

import pytest
import torch
from torch import nn
from zoo import gated_example

import rewire
from rewire.gates import Own, Sigmoid, absolute, gaussian, score_speed, scores, values
from rewire.gates.parts import gates, slots


@pytest.mark.parametrize(
    ("speed", "lr"), [("4T", 1.2), ("3T", 0.9), ("1T", 0.3), ("0.5T", 0.15), ("2", 0.2), (1, 0.1), (2.5, 0.25)]
)
def test_scores_learn_at_speed_times_the_rate_of_values(speed, lr):
    model, _ = gated_example("MLP")
    shared, scored = rewire.param_groups(model, 0.1, speed)
    assert shared["lr"] == 0.1
    assert scored["lr"] == pytest.approx(lr)
    assert {id(p) for p in shared["params"]} == {id(p) for p in values(model).values()}
    assert {id(p) for p in scored["params"]} == {
        id(s) for t in rewire.tasks_of(model) for s in scores(model, t).values()
    }


def test_every_trained_parameter_is_in_one_group_and_options_go_to_the_scores():
    model = nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4), nn.Linear(4, 2))
    rewire.gate(model, ["a", "b"], own="2")
    shared, scored = rewire.param_groups(model, 0.1, weight_decay=0.5)
    assert scored["weight_decay"] == 0.5
    assert "weight_decay" not in shared
    grouped = [id(p) for group in (shared, scored) for p in group["params"]]
    assert len(grouped) == len(set(grouped))
    unused = {id(module.parametrizations[t].original) for _, module, t, g in slots(model) if isinstance(g.switch, Own)}
    assert set(grouped) == {id(p) for p in model.parameters()} - unused
    new = rewire.param_groups(rewire.add_task(model, "c"), 0.1, tasks=["c"])
    assert [group["lr"] for group in new] == [0.1, pytest.approx(1.2)]
    fresh = {id(gate.score("c")) for gate in gates(model).values()}
    assert {id(p) for group in new for p in group["params"]} == fresh


def test_frozen_values_and_tied_ones_are_grouped_as_they_should():
    model, _ = gated_example("Tied", train_values=False)
    (group,) = rewire.param_groups(model, 0.1)
    assert len(group["params"]) == 3 * 2  # three tasks' scores of one tied weight and one bias
    assert not any(value.requires_grad for value in values(model).values())


def test_a_frozen_value_does_not_move_while_its_scores_do():
    model, x = gated_example("MLP", train_values=False)
    before = {name: value.clone() for name, value in values(model).items()}
    optimizer = torch.optim.Adam(rewire.param_groups(model, 0.1))
    model(x).square().sum().backward()
    optimizer.step()
    assert all(torch.equal(value, before[name]) for name, value in values(model).items())


@pytest.mark.parametrize("speed", ["T", "0T", "4t", "-1T", "xT", 0, -1, math.nan, None])
def test_other_speeds_are_refused(speed):
    with pytest.raises(ValueError, match=r"speed must be a number > 0 or '<number>T'"):
        score_speed(speed, 3)


def test_equations_4_and_5_and_their_gradients_over_the_active_task_only():
    model = rewire.gate(nn.Linear(2, 1), ["a", "b"])
    s = torch.tensor([[-1.5, 0.0]])
    with torch.no_grad():
        scores(model, "b")["weight"].copy_(s)
        scores(model, "b")["bias"].fill_(math.sqrt(0.5))
    rewire.switch(model, "b")
    bias = math.sqrt(0.5)
    assert absolute(model).item() == pytest.approx(math.exp(-1.5) + 1 + math.exp(-bias))
    assert gaussian(model).item() == pytest.approx(math.exp(-2.25) + 1 + math.exp(-0.5))
    found = torch.autograd.grad(absolute(model), [*scores(model, "b").values()])
    torch.testing.assert_close(found[0], -torch.sign(s) * torch.exp(-s.abs()))
    found = torch.autograd.grad(gaussian(model), [*scores(model, "b").values()])
    torch.testing.assert_close(found[0], -2 * s * torch.exp(-s.square()))
    absolute(model).backward()
    assert all(score.grad is None for score in scores(model, "a").values())
    assert all(value.grad is None for value in values(model).values())


def test_the_gaussian_pull_is_strongest_at_one_over_root_two():
    model = rewire.gate(nn.Linear(400, 1, bias=False), ["a"])
    with torch.no_grad():
        scores(model, "a")["weight"].copy_(torch.linspace(0, 2, 400))
    (pull,) = torch.autograd.grad(gaussian(model), [scores(model, "a")["weight"]])
    strongest = torch.linspace(0, 2, 400)[pull.abs().argmax()]
    assert strongest.item() == pytest.approx(math.sqrt(0.5), abs=0.006)


def test_tied_scores_are_counted_once():
    model, _ = gated_example("Tied")
    size = sum(score.numel() for score in scores(model, "day").values())
    assert size == 5 * 4 + 5
    assert absolute(rewire.gate(nn.Linear(3, 2), ["a"], Sigmoid())).item() == 8


def test_without_masks_there_is_nothing_to_regularise():
    model, _ = gated_example("MLP", "own")
    with pytest.raises(ValueError, match="model must have masks"):
        absolute(model)
    with pytest.raises(ValueError, match="model must have masks"):
        rewire.binarize(model)


def test_a_thousand_tasks_are_grouped_in_no_time_and_by_name():
    model = rewire.gate(nn.Sequential(*(nn.Linear(2, 2) for _ in range(10))), [f"task {i}" for i in range(1000)])
    start = time.perf_counter()
    groups = rewire.param_groups(model, 0.1)
    assert time.perf_counter() - start < 2  # it took 8 s when every parameter was looked up in a set of its own
    assert [len(group["params"]) for group in groups] == [20, 20_000]
    with pytest.raises(TypeError, match=r"tasks must be a list of names"):
        rewire.param_groups(model, 0.1, tasks="task 1")
    with pytest.raises(ValueError, match=r"task must be one of .*did you mean"):
        rewire.param_groups(model, 0.1, tasks=["tusk 1"])
