"""A run that was killed and a run that was not leave the same bytes."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from training_case import STEPS, train

from rewire.training import Checkpoint

SCRIPT = Path(__file__).with_name("training_case.py")


def state_bytes(model: torch.nn.Module) -> dict[str, bytes]:
    return {name: tensor.numpy().tobytes() for name, tensor in model.state_dict().items()}


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    directory = tmp_path_factory.mktemp("whole")
    model = train(directory, None)
    return state_bytes(model), (directory / "metrics.jsonl").read_bytes()


def test_killed_at_several_points_and_resumed_is_bit_identical(uninterrupted, tmp_path):
    for step in (4, 12, 20):
        killed = subprocess.run([sys.executable, str(SCRIPT), str(tmp_path), str(step)], capture_output=True, text=True)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
    model = train(tmp_path, Checkpoint(tmp_path, seconds=0))
    assert state_bytes(model) == uninterrupted[0]
    assert (tmp_path / "metrics.jsonl").read_bytes() == uninterrupted[1]


@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "AdamW", "RMSprop"])
@pytest.mark.parametrize("order", ["replacement", "epochs"])
def test_stopped_and_resumed_is_bit_identical(optimizer, order, tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    whole.mkdir()
    parts.mkdir()
    expected = train(whole, None, optimizer, order)
    for steps in (7, 13, STEPS):
        model = train(parts, Checkpoint(parts, seconds=0), optimizer, order, steps=steps)
    assert state_bytes(model) == state_bytes(expected)
    assert (parts / "metrics.jsonl").read_bytes() == (whole / "metrics.jsonl").read_bytes()


def test_channels_last_weights_resume_bit_identical_under_a_fused_optimizer(tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    whole.mkdir()
    parts.mkdir()
    expected = train(whole, None, channels_last=True)
    for steps in (7, STEPS):
        model = train(parts, Checkpoint(parts, seconds=0), channels_last=True, steps=steps)
    assert model[0].parametrizations.weight.original.is_contiguous(memory_format=torch.channels_last)
    assert state_bytes(model) == state_bytes(expected)
    assert (parts / "metrics.jsonl").read_bytes() == (whole / "metrics.jsonl").read_bytes()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_sigterm_save_at_the_end_of_the_step(number, uninterrupted, tmp_path):
    def interrupt(_: torch.nn.Module, now: int):
        if now == 8:
            signal.raise_signal(number)
        return ()

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, Checkpoint(tmp_path, seconds=1e9), measure=interrupt)
    model = train(tmp_path, Checkpoint(tmp_path, seconds=1e9))
    assert state_bytes(model) == uninterrupted[0]
    assert (tmp_path / "metrics.jsonl").read_bytes() == uninterrupted[1]


def test_optimizer_state_keeps_its_dtype_through_a_checkpoint(tmp_path):
    parameter = torch.nn.Parameter(torch.ones(3, dtype=torch.bfloat16))
    optimizer = torch.optim.SGD([parameter], lr=0.1)
    optimizer.state[parameter]["ranks"] = torch.tensor([2**20 + 1, 0, 1])
    Checkpoint(tmp_path).save(5, {"optimizer": optimizer}, {})
    fresh = torch.optim.SGD([parameter], lr=0.1)
    restored = Checkpoint(tmp_path).restore({"optimizer": fresh})
    assert restored == (5, {})
    assert torch.equal(fresh.state[parameter]["ranks"], optimizer.state[parameter]["ranks"])
    assert fresh.state[parameter]["ranks"].dtype == torch.int64


def test_damaged_or_foreign_checkpoint_is_refused_in_one_line(tmp_path):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1)
    checkpoint = Checkpoint(tmp_path)
    checkpoint.save(1, {"optimizer": optimizer}, {})
    with pytest.raises(ValueError, match=r"must hold \['model'\]; got \['optimizer'\]"):
        checkpoint.restore({"model": torch.nn.Linear(1, 1)})
    checkpoint.path.write_bytes(checkpoint.path.read_bytes()[:-3])
    with pytest.raises(ValueError, match="safetensors file") as error:
        checkpoint.restore({"optimizer": optimizer})
    assert "\n" not in str(error.value)
