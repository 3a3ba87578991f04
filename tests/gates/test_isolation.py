"""What one task does must not show in another: training, new tasks, norm statistics, loading."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from zoo import METHODS, TASKS, batch_norm_net, example, gated_example, outputs, same, snapshot, task_state

import rewire
from rewire.gates import Hard, Sigmoid
from rewire.gates.parts import gates

OPTIMIZERS = {
    "SGD with momentum": lambda groups: torch.optim.SGD(groups, momentum=0.9, weight_decay=0.1),
    "Adam": torch.optim.Adam,
    "AdamW": lambda groups: torch.optim.AdamW(groups, weight_decay=0.1),
    "fused AdamW": lambda groups: torch.optim.AdamW(groups, weight_decay=0.1, fused=True),
}


def step(model, optimizer, task, x, y):
    optimizer.zero_grad()
    F.cross_entropy(rewire.switch(model, task)(x), y).backward()
    optimizer.step()


def state_of(optimizer, model, task):
    """The optimizer's state of one task's parameters, copied."""
    tensors = [gate.score(task) for gate in gates(model).values()]
    return [copy.deepcopy(dict(optimizer.state[t])) for t in tensors if t in optimizer.state]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["MLP", "BatchNorm"])
def test_training_one_task_leaves_the_others_and_their_optimizer_state_bit_identical(kind, method, optimizer):
    model, x = gated_example(kind, method)
    made = OPTIMIZERS[optimizer](rewire.param_groups(model.train(), lr=0.01))
    y = torch.tensor([0, 1, 2, 0, 1, 2])
    for task in TASKS:
        step(model, made, task, x, y)
    before = {task: (task_state(model, task), state_of(made, model, task)) for task in TASKS}
    assert before["night"][1]
    for _ in range(3):
        step(model, made, "night", x, y)
    for task in ("day", "dusk"):
        assert same(task_state(model, task), before[task][0])
        for now, then in zip(state_of(made, model, task), before[task][1], strict=True):
            assert all(torch.equal(torch.as_tensor(now[k]), torch.as_tensor(then[k])) for k in then)
    assert not same(task_state(model, "night"), before["night"][0])


@pytest.mark.parametrize("init", [None, "night", {"day": 0.5, "night": 0.5}, {"day": 2, "dusk": -1.0}])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["MLP", "Tied", "LSTM", "BatchNorm"])
def test_a_new_task_leaves_the_old_ones_bit_identical(kind, method, init):
    model, x = gated_example(kind, method)
    before, state = outputs(model, x), {task: task_state(model, task) for task in TASKS}
    rewire.switch(model, "night")
    assert rewire.add_task(model, "dawn", init) is model
    assert rewire.tasks_of(model) == [*TASKS, "dawn"]
    assert rewire.active_task(model) == "night"
    assert all(same(task_state(model, task), state[task]) for task in TASKS)
    after = outputs(model, x)
    assert torch.isfinite(after["dawn"]).all()
    assert same({task: after[task] for task in TASKS}, before)
    if init == "night":
        assert same({"y": after["dawn"]}, {"y": before["night"]})
        shared = {t.data_ptr() for t in (gate.score("night") for gate in gates(model).values())}
        assert shared.isdisjoint(gate.score("dawn").data_ptr() for gate in gates(model).values())


def test_a_new_task_starts_from_the_mixture_of_masks():
    model = rewire.gate(nn.Linear(3, 2), ["a", "b"], Sigmoid(std=2.0))
    a, b = (rewire.gates.masks(model, task)["weight"] for task in ("a", "b"))
    rewire.add_task(model, "c", {"a": 0.25, "b": 0.75})
    torch.testing.assert_close(rewire.gates.masks(model, "c")["weight"], 0.25 * a + 0.75 * b)
    rewire.add_task(model, "d", {"a": 1.5, "b": -0.5})
    clamped = (1.5 * a - 0.5 * b).clamp(1e-6, 1 - 1e-6)
    torch.testing.assert_close(rewire.gates.masks(model, "d")["weight"], clamped, rtol=1e-4, atol=1e-6)


def test_mixed_norm_statistics_stay_statistics():
    model = rewire.gate(nn.BatchNorm1d(1), ["a", "b"], modules=nn.BatchNorm1d)
    with torch.no_grad():
        for task, variance, batches in (("a", 1.0, 10), ("b", 4.0, 40)):
            rewire.switch(model, task).running_var.fill_(variance)
            model.num_batches_tracked.fill_(batches)
    for init, variance, batches in (({"a": 2, "b": -1}, 2.0, 20), ({"a": 0, "b": 0}, 2.5, 25)):
        rewire.switch(rewire.add_task(model, f"{init}", init), f"{init}")
        assert model.running_var.item() == pytest.approx(variance)
        assert model.num_batches_tracked == batches


def test_a_mixture_of_hard_masks_is_the_majority_and_can_still_be_trained():
    model = rewire.gate(nn.Linear(8, 8), ["a", "b", "c"], Hard(mean=0.0, std=1.0))
    votes = sum(rewire.gates.masks(model, task)["weight"] for task in "abc")
    rewire.add_task(model, "d", dict.fromkeys("abc", 1 / 3))
    assert torch.equal(rewire.gates.masks(model, "d")["weight"], (votes >= 2).float())
    assert all(score.abs().max() <= 1 for score in rewire.gates.scores(model, "d").values())


def test_a_new_task_is_added_to_a_running_optimizer():
    model, x = gated_example("MLP")
    optimizer = torch.optim.Adam(rewire.param_groups(model, lr=0.1))
    rewire.add_task(model, "dawn")
    for group in rewire.param_groups(model, lr=0.1, tasks=["dawn"]):
        optimizer.add_param_group(group)
    state = {task: task_state(model, task) for task in rewire.tasks_of(model)}
    step(model, optimizer, "dawn", x, torch.zeros(6, dtype=torch.long))
    assert not same(task_state(model, "dawn"), state["dawn"])
    assert all(same(task_state(model, task), state[task]) for task in TASKS)


@pytest.mark.parametrize("statistics", ["task", "shared"])
def test_norm_statistics_belong_to_a_task_or_to_all(statistics):
    model = rewire.gate(batch_norm_net().train(), ["a", "b"], statistics=statistics)
    x = torch.randn(16, 2, 4, 4) + 3
    rewire.switch(model, "a")(x)
    norm = model[1]
    moved = norm.running_mean.clone()
    assert moved.abs().sum() > 0
    assert norm.num_batches_tracked == 1
    rewire.switch(model, "b")
    assert torch.equal(norm.running_mean, moved if statistics == "shared" else torch.zeros(4))
    assert norm.num_batches_tracked == (1 if statistics == "shared" else 0)
    model(x - 6)
    rewire.switch(model, "a")
    assert torch.equal(norm.running_mean, moved) == (statistics == "task")
    merged = rewire.merge(model, "b")
    merged.train()(x)
    assert torch.equal(norm.running_mean, moved) == (statistics == "task")


def test_mixed_batches_in_training_mode_move_each_tasks_own_statistics():
    model = rewire.gate(batch_norm_net().train(), ["a", "b", "c"])
    alone = copy.deepcopy(model)
    x, ids = torch.randn(8, 2, 4, 4), ["a", "b"] * 4
    rewire.mixed(model, x, ids)
    rewire.switch(alone, "a")(x[::2])
    rewire.switch(alone, "b")(x[1::2])
    assert same(snapshot(model), snapshot(alone))


@pytest.mark.parametrize("method", METHODS)
def test_loading_one_task_leaves_the_others_scores(method, tmp_path):
    model, x = gated_example("BatchNorm", method)
    saved = outputs(model, x)
    rewire.save(model, tmp_path)
    only, _ = example("BatchNorm", seed=1)
    rewire.load(only, tmp_path, tasks=["night"])
    assert rewire.tasks_of(only) == ["night"]
    assert same(outputs(only, x), {"night": saved["night"]})
    rewire.load(only, tmp_path, tasks=["day"], values=False)
    assert same(outputs(only, x), {"night": saved["night"], "day": saved["day"]})
    other, _ = gated_example("BatchNorm", method, seed=2)
    before = {task: task_state(other, task) for task in TASKS}
    rewire.load(other, tmp_path, tasks=["dusk"])
    assert same({"y": outputs(other, x)["dusk"]}, {"y": saved["dusk"]})
    assert all(same(task_state(other, task), before[task]) for task in ("day", "night"))
