"""Training that begins at a later step: the batches, tasks and learning rates of one run, in two parts."""

import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from rewire.runs import JsonLines
from rewire.tasks import Examples, Task, mse
from rewire.training import Checkpoint, Streams, fit

SIZE, END = 23, 30


class Seen(nn.Module):
    """A linear layer that remembers its batches."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.batches = nn.Linear(1, 1, bias=False), []
        nn.init.ones_(self.inner.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.training:
            self.batches.append(x.flatten().tolist())
        return self.inner(x)


def jitter(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return x + torch.rand(x.shape, generator=generator)


def tasks_of_two_sizes(augment) -> list[Task]:
    sets = [torch.arange(size, dtype=torch.float32)[:, None] / size + shift for size, shift in ((SIZE, 0), (7, 100))]
    return [Task(str(i), Examples(x, x, augment=augment), Examples(x, x), mse, mse) for i, x in enumerate(sets)]


def train(model: Seen, start: int, stop: int, order: str = "epochs", augment=None, **options) -> list[float]:
    """One phase with fresh optimizer, scheduler and streams; the learning rates before each step."""
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 4, 0.5)
    rates: list[float] = []
    optimizer.register_step_pre_hook(lambda *_: rates.append(optimizer.param_groups[0]["lr"]))
    options |= {"start": start, "steps": stop, "order": order, "scheduler": scheduler}
    fit(model, tasks_of_two_sizes(augment), optimizer, batch_size=5, streams=Streams(1), **options)
    return rates


@settings(max_examples=20, deadline=None)
@given(k=st.integers(0, END), order=st.sampled_from(["epochs", "replacement"]), augment=st.sampled_from([None, jitter]))
def test_two_parts_see_the_batches_and_rates_of_one_run(k, order, augment):
    whole, parts = Seen(), Seen()
    rates = train(whole, 0, END, order, augment)
    assert train(parts, 0, k, order, augment) + train(parts, k, END, order, augment) == rates
    assert parts.batches == whole.batches
    assert torch.equal(parts.inner.weight, whole.inner.weight)  # plain SGD keeps nothing that a fresh one lacks


def test_a_second_part_resumes_exactly(tmp_path):
    whole, parts = Seen(), Seen()
    train(whole, 11, END)
    for stop in (11, 17, END):
        parts = Seen()
        train(parts, 11, stop, checkpoint=Checkpoint(tmp_path, seconds=0))
    assert torch.equal(parts.inner.weight, whole.inner.weight)
    assert parts.batches == whole.batches[6:]


def test_a_checkpoint_of_the_first_part_is_gone_on_from_without_skipping_twice(tmp_path):
    whole, parts, path = Seen(), Seen(), tmp_path / "metrics.jsonl"
    train(whole, 0, END)
    for start, stop in ((0, 11), (11, END)):
        options = {"checkpoint": Checkpoint(tmp_path, seconds=0), "sink": JsonLines(path)}
        train(parts, start, stop, evaluate_at={0, 11, END}, **options)
    assert parts.batches == whole.batches
    assert [json.loads(line)["step"] for line in path.read_text().splitlines()] == [0, 0, 11, 11, END, END]


def test_records_of_the_first_part_stay(tmp_path):
    model, path = Seen(), tmp_path / "metrics.jsonl"
    for start, stop in ((0, 11), (11, END)):
        train(model, start, stop, evaluate_at={0, 11, END}, sink=JsonLines(path))
    assert [json.loads(line)["step"] for line in path.read_text().splitlines()] == [0, 0, 11, 11, END, END]


@pytest.mark.parametrize("start", [-1, END + 1])
def test_a_start_outside_the_run_is_refused(start):
    with pytest.raises(ValueError, match=f"start must be from 0 to {END}, the steps in all; got {start}"):
        train(Seen(), start, END)


def test_a_checkpoint_from_before_the_start_is_refused(tmp_path):
    train(Seen(), 0, 5, checkpoint=Checkpoint(tmp_path, seconds=0))
    with pytest.raises(ValueError, match="start must be at most 5, where the checkpoint is; got 9: clear it"):
        train(Seen(), 9, END, checkpoint=Checkpoint(tmp_path, seconds=0))
