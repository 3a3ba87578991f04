"""The loop: what it draws, what it records, and when it refuses to go on."""

import json

import pytest
import torch
from torch import nn
from training_case import COLOURS, digit_model, digit_tasks, train

import rewire
from rewire.models import Separate
from rewire.tasks import Examples, Task, mse
from rewire.training import Checkpoint, NonFiniteLoss, Streams, derive, evaluate, fit
from rewire.training.order import Order


def linear_task(name: str, target: float = 1.0, size: int = 10) -> Task:
    x = torch.arange(size, dtype=torch.float32)[:, None] / size
    examples = Examples(x, target * x)
    return Task(name, examples, examples, mse, mse)


def test_records_are_every_task_at_every_evaluation(tmp_path):
    train(tmp_path, None, steps=8)
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [(row["step"], row["task"]) for row in rows] == [(s, t) for s in (0, 4, 8) for t in COLOURS]
    assert all(set(row) == {"step", "task", "split", "loss", "accuracy"} for row in rows)


def test_same_seed_same_records_and_another_seed_others(tmp_path):
    models = [train(tmp_path, None, steps=6) for _ in range(2)]
    assert all(torch.equal(a, b) for a, b in zip(*(m.state_dict().values() for m in models), strict=True))
    assert derive(3, "init") != derive(4, "init")


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam])
def test_tasks_that_are_not_drawn_stay_bit_identical_unless_gradients_are_cleared_to_zeros(optimizer):
    options = {"momentum": 0.9} if optimizer is torch.optim.SGD else {}
    for set_to_none in (True, False):
        streams = Streams(0)
        model = rewire.gate(nn.Linear(1, 1), ["a", "b"])
        inner = optimizer(rewire.param_groups(model, 0.1), **options)
        fit(model, [linear_task("b")], inner, steps=1, batch_size=4, streams=streams, set_to_none=set_to_none)
        before = rewire.gates.scores(model, "b")["weight"].detach().clone()
        fit(model, [linear_task("a")], inner, steps=5, batch_size=4, streams=streams, set_to_none=set_to_none)
        assert torch.equal(rewire.gates.scores(model, "b")["weight"], before) == set_to_none


def test_nonfinite_loss_stops_names_the_place_and_keeps_the_last_good_checkpoint(tmp_path):
    poisoned = linear_task("bad", float("nan"))
    model = nn.Linear(1, 1)
    inner = torch.optim.SGD(model.parameters(), lr=0.1)
    checkpoint = Checkpoint(tmp_path, seconds=0)
    fit(model, [linear_task("good")], inner, steps=3, batch_size=2, streams=Streams(0), checkpoint=checkpoint)
    good = checkpoint.path.read_bytes()
    before = model.weight.detach().clone()
    with pytest.raises(NonFiniteLoss, match="step 4, task 'bad'"):
        fit(model, [poisoned], inner, steps=9, batch_size=2, streams=Streams(0), checkpoint=checkpoint)
    assert checkpoint.path.read_bytes() == good
    assert torch.equal(model.weight, before)


def test_penalty_is_trained_on_and_baselines_use_the_same_loop():
    for model in (Separate({"a": nn.Linear(1, 1), "b": nn.Linear(1, 1)}), nn.Linear(1, 1)):
        inner = torch.optim.SGD(model.parameters(), lr=0.5)
        chosen = [linear_task("a"), linear_task("b", -1.0)]
        fit(model, chosen, inner, steps=300, batch_size=5, streams=Streams(1))
        losses = [evaluate(model, task)["mse"] for task in chosen]
        assert (max(losses) < 1e-3) == isinstance(model, Separate)
    frozen = nn.Linear(1, 1)
    inner = torch.optim.SGD(frozen.parameters(), lr=0.1)
    fit(
        frozen,
        [linear_task("a")],
        inner,
        steps=200,
        batch_size=5,
        streams=Streams(1),
        penalty=lambda m: 100 * m.weight.square().sum() / 20,
    )
    assert abs(frozen.weight.item()) < 0.2


def test_epoch_order_visits_every_example_once_an_epoch():
    task, order = linear_task("a"), Order("epochs", 3, Streams(5))
    epochs = [torch.cat([order.next(task) for _ in range(4)]) for _ in range(2)]
    assert [sorted(epoch.tolist()) for epoch in epochs] == [list(range(10))] * 2
    assert epochs[0].tolist() != epochs[1].tolist()


def test_bf16_and_channels_last_train_too():
    streams = Streams(0)
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.LazyLinear(10))
    tasks = digit_tasks()
    model(tasks[0].train[slice(0, 2)][0])
    inner = torch.optim.Adam(model.parameters(), lr=1e-2)
    before = evaluate(model, tasks[0], precision="bf16")["loss"]
    fit(model, tasks, inner, steps=40, batch_size=32, streams=streams, precision="bf16", channels_last=True)
    assert evaluate(model, tasks[0], precision="bf16")["loss"] < before


def test_evaluation_leaves_mode_and_task_alone():
    model = digit_model(Streams(0))
    rewire.switch(model, "green")
    model[1].eval()  # a layer that its owner keeps from training stays so
    evaluate(model, digit_tasks()[0])
    assert model.training
    assert not model[1].training
    assert rewire.active_task(model) == "green"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Order("epoch", 3, Streams(0)), "order must be one of 'replacement', 'epochs'; got 'epoch'"),
        (lambda: Order("epochs", 0, Streams(0)), "batch_size must be at least 1; got 0"),
        (lambda: Streams(0)["mask"], "did you mean 'masks'"),
        (lambda: evaluate(nn.Linear(1, 1), linear_task("a"), "tset"), "did you mean 'test'"),
        (lambda: evaluate(nn.Linear(1, 1), linear_task("a"), precision="fp16"), "precision must be one of"),
    ],
)
def test_bad_input_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError) as error:
        call()
    assert message in str(error.value)
    assert "\n" not in str(error.value)
