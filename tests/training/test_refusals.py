"""What `fit`, `evaluate` and `Checkpoint` refuse, in one line, before it costs hours or spoils something."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import rewire
from rewire.files import write_tensors
from rewire.tasks import Examples, Task, mse
from rewire.training import Checkpoint, NonFiniteLoss, Streams, derive, evaluate, fit


def task(name: str, size: int = 10, loss=F.mse_loss) -> Task:
    x = torch.arange(size, dtype=torch.float32)[:, None] / max(size, 1)
    return Task(name, Examples(x, x), Examples(x, x), loss, mse)


def net(names=("a", "b"), width: int = 3, seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(1, width), nn.BatchNorm1d(width), nn.Linear(width, 1))
    return rewire.gate(model, names) if names else model


def run(model: nn.Module, tasks=None, steps: int = 5, make=torch.optim.Adam, seed: int = 0, **options) -> nn.Module:
    tasks = [task("a"), task("b")] if tasks is None else tasks
    options = {"batch_size": 4, "order": "epochs"} | options
    fit(model, tasks, make(model.parameters(), lr=0.01), steps=steps, streams=Streams(seed), **options)
    return model


def refused(kind: type[Exception], call) -> str:
    with pytest.raises(kind) as error:
        call()
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (ValueError, {"tasks": []}, "at least one task"),
        (ValueError, {"tasks": [task("a"), task("a")]}, "distinct names"),
        (ValueError, {"tasks": [task("a", size=0)]}, "none for 'a'"),
        (ValueError, {"tasks": [task("a"), task("dusk")]}, "task must be one of 'a', 'b'; got 'dusk'"),
        (ValueError, {"evaluated": [task("dusk")]}, "task must be one of 'a', 'b'; got 'dusk'"),
        (TypeError, {"tasks": task("a")}, "write [task]"),
        (TypeError, {"tasks": iter([task("a")])}, "list(tasks)"),
        (ValueError, {"steps": -1}, "steps must be at least 0; got -1"),
        (TypeError, {"make": torch.optim.LBFGS}, "LBFGS, which needs a closure"),
    ],
)
@pytest.mark.parametrize("order", ["epochs", "replacement"])
def test_fit_refuses_before_the_first_step(kind, options, message, order):
    model = net()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    assert message in refused(kind, lambda: run(model, order=order, **options))
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_a_scheduler_that_needs_a_metric_is_refused():
    model = net()
    inner = torch.optim.SGD(model.parameters(), lr=0.1)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(inner)
    options = {"steps": 1, "batch_size": 2, "streams": Streams(0), "scheduler": plateau}
    assert "ReduceLROnPlateau" in refused(TypeError, lambda: fit(model, [task("a")], inner, **options))


def test_evaluate_needs_examples_and_batches():
    assert "none for 'a'" in refused(ValueError, lambda: evaluate(net(), task("a", size=0)))
    for size in (0, -5):
        message = refused(ValueError, lambda size=size: evaluate(net(), task("a"), batch_size=size))
        assert message == f"batch_size must be at least 1; got {size}"


def test_a_model_without_parameters_can_be_evaluated():
    assert evaluate(nn.Identity(), task("a"))["mse"] == 0


def test_a_gated_batch_norm_is_resumed_bit_for_bit(tmp_path):
    whole = run(net(), steps=9)
    run(net(), checkpoint=Checkpoint(tmp_path, seconds=0))
    resumed = run(net(), steps=9, checkpoint=Checkpoint(tmp_path, seconds=0))
    for ours, theirs in zip(resumed.state_dict().values(), whole.state_dict().values(), strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize(
    ("other", "options", "message"),
    [
        ({}, {"make": torch.optim.SGD}, "must have optimizer of type SGD; got of type Adam"),
        ({}, {"make": torch.optim.AdamW}, "must have optimizer of type AdamW; got of type Adam"),
        ({"names": ("b", "a")}, {}, "must have model for tasks ['b', 'a']; got for tasks ['a', 'b']"),
        ({"names": ()}, {}, "must have model without tasks"),
        ({"width": 4}, {}, "size mismatch for"),
        ({}, {"seed": 1}, "seed must be 0, as before; got 1"),
        ({}, {"batch_size": 5}, "batch_size must be 4, as before; got 5"),
        ({}, {"order": "replacement"}, "order must be 'epochs', as before; got 'replacement'"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused_and_the_model_stays(other, options, message, tmp_path):
    run(net(), checkpoint=Checkpoint(tmp_path, seconds=0))
    model = net(seed=1, **other)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    again = {"steps": 9, "checkpoint": Checkpoint(tmp_path)} | options
    assert message in refused(ValueError, lambda: run(model, **again))
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_fewer_steps_than_were_taken_are_refused(tmp_path):
    run(net(), checkpoint=Checkpoint(tmp_path, seconds=0))
    message = refused(ValueError, lambda: run(net(), steps=2, checkpoint=Checkpoint(tmp_path)))
    assert message == "steps must be at least 5, which the checkpoint has taken; got 2"


@pytest.mark.parametrize("text", ["hello", "[1]", "3", "{}", '{"dict": [["step", 3]]}', '{"tensor": "nowhere"}'])
def test_a_foreign_file_is_no_checkpoint(text, tmp_path):
    checkpoint = Checkpoint(tmp_path)
    write_tensors(checkpoint.path, {"a": torch.zeros(1)}, {"state": text})
    assert "must be a rewire checkpoint" in refused(ValueError, lambda: run(net(), checkpoint=checkpoint))


def test_a_missing_folder_is_made(tmp_path):
    checkpoint = Checkpoint(tmp_path / "new" / "folder", seconds=0)
    run(net(), checkpoint=checkpoint)
    assert checkpoint.path.is_file()


def test_parameters_that_are_not_finite_are_never_saved(tmp_path):
    def steep(outputs: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        return (outputs - outputs.detach()).abs().sum().sqrt()  # 0, with a gradient of 0 · inf

    checkpoint = Checkpoint(tmp_path, seconds=0)
    with pytest.raises(NonFiniteLoss, match="step 2"):
        run(net(), [task("a", loss=steep)], checkpoint=checkpoint)
    assert not checkpoint.path.exists()


def test_no_two_purposes_share_a_stream():
    purposes = [("a/b",), ("a", "b"), ("a\\/b",), ("a\\", "b"), ("a", "", "b"), ("a//b",), ("a/", "b"), ("a", "/b")]
    assert len({derive(0, *purpose) for purpose in purposes}) == len(purposes)
