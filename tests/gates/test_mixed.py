"""Batches of several tasks: any order and any number of rows each, whatever the batch is made of."""

from dataclasses import dataclass

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from zoo import TASKS, gated_example, outputs

import rewire
from rewire.gates import Sigmoid


@settings(deadline=None)
@given(ids=st.lists(st.sampled_from(TASKS), min_size=1, max_size=9), active=st.sampled_from(TASKS))
def test_row_by_row_equals_task_by_task(ids, active):
    model, _ = gated_example("MLP", "hard")
    x = torch.randn(len(ids), 4)
    each = outputs(model, x)
    rewire.switch(model, active)
    expected = torch.stack([each[task][row] for row, task in enumerate(ids)])
    with rewire.cached(model):
        found = rewire.mixed(model, x, ids)
        assert not found.requires_grad
        torch.testing.assert_close(found, expected)
    assert rewire.active_task(model) == active
    assert rewire.mixed(model, x, [TASKS.index(task) for task in ids]).requires_grad


def test_gradients_reach_the_scores_of_the_tasks_in_the_batch():
    model, x = gated_example("MLP")
    rewire.mixed(model, x, ["dusk", "day"] * 3).square().sum().backward()
    reached = [rewire.gates.scores(model, task)["0.weight"].grad is not None for task in TASKS]
    assert reached == [True, False, True]


def test_an_error_inside_leaves_the_active_task():
    model, _ = gated_example("MLP")
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        rewire.mixed(model, torch.zeros(2, 9), ["night", "dusk"])
    assert rewire.active_task(model) == "day"


class Structured(nn.Module):
    """Takes a dict or a pair, returns a dict of tensors and something that is no tensor."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 2)

    def forward(self, batch):
        x, shift = (batch["x"], batch["shift"]) if isinstance(batch, dict) else batch
        return {"y": self.linear(x) + shift, "pair": (x, None), "kind": "structured"}


@pytest.mark.parametrize("wrap", [lambda x, s: {"x": x, "shift": s, "flag": None}, lambda x, s: (x, s)])
def test_mixed_batches_of_structures(wrap):
    model = rewire.gate(Structured(), TASKS, Sigmoid(std=2.0))
    x, shift = torch.randn(5, 3), torch.randn(5, 1)
    ids = ["night", "day", "day", "dusk", "night"]
    found = rewire.mixed(model, wrap(x, shift), ids)
    assert found["pair"][1] is None
    assert found["kind"] == "structured"
    assert torch.equal(found["pair"][0], x)
    for row, task in enumerate(ids):
        expected = rewire.switch(model, task)({"x": x[row], "shift": shift[row]})["y"]
        torch.testing.assert_close(found["y"][row], expected)


def test_mixed_batches_need_the_batch_first_in_and_out():
    model = rewire.gate(nn.LSTM(3, 4, batch_first=True), TASKS)
    with pytest.raises(ValueError, match=r"must return tensors with the batch first; got \[1, 2, 4\] for 2 rows"):
        rewire.mixed(model, torch.randn(4, 5, 3), [0, 0, 1, 1])
    assert rewire.active_task(model) == "day"
    linear = rewire.gate(nn.Linear(3, 2), TASKS)
    for x in ((torch.zeros(2, 3), torch.zeros(3, 3)), torch.zeros(()), {"x": None}):
        with pytest.raises(ValueError, match="x must hold tensors with one batch size, batch first"):
            rewire.mixed(linear, x, [0, 0])


@dataclass
class Output:
    """What torch cannot look into."""

    logits: torch.Tensor


class Returning(nn.Module):
    """Returns, beside its rows, what `extra` makes of them."""

    def __init__(self, extra):
        super().__init__()
        self.linear, self.extra = nn.Linear(3, 2), extra

    def forward(self, x):
        y = self.linear(x)
        return y, self.extra(y)


def test_outputs_that_cannot_be_split_by_rows_are_left_out_and_numbers_of_all_rows_refused():
    x, ids = torch.randn(4, 3), ["night", "day", "day", "night"]
    model = rewire.gate(Returning(lambda y: {"cache": Output(y)}), TASKS, Sigmoid(std=2.0))
    for chosen in (ids, ["day"] * 4):
        assert rewire.mixed(model, x, chosen)[1] == {"cache": None}
    model.extra = lambda y: y.sum().item()
    with pytest.raises(ValueError, match="model must return one number per row, as a tensor; got "):
        rewire.mixed(model, x, ids)
    model.extra = len
    assert rewire.mixed(model, x, ids)[1] == 2


@pytest.mark.parametrize("ids", [[0, 1, 0, 1], [0, 0, 0, 0]])
def test_an_output_without_tensors_is_refused(ids):
    class Wrapping(nn.Linear):
        def forward(self, x):
            return Output(super().forward(x))

    with pytest.raises(TypeError, match=r"must return tensors, or tuples, lists and dicts of them; got a Output"):
        rewire.mixed(rewire.gate(Wrapping(3, 2), TASKS), torch.randn(4, 3), ids)
