"""Lockstep training against `fit`: the same numbers, seed by seed."""

import signal

import pytest
import torch

from rewire.experiments.light_switch.linear.block import effective, join, make_block, network
from rewire.experiments.light_switch.linear.config import Linear
from rewire.experiments.light_switch.linear.lockstep import Table, train
from rewire.experiments.light_switch.linear.runs import recovery, test_errors, wrong_masks
from rewire.runs import JsonLines, read_records
from rewire.tasks import linear_tasks
from rewire.training import Checkpoint, NonFiniteLoss, Streams, evaluate, fit

SMALL = {"tasks": 4, "d_in": 5, "d_out": 3, "n_train": 12, "n_test": 7, "noise": 0.3, "lr": 0.01}
SMALL |= {"steps": 60, "every": 25, "float64": True, "block": 2}
test_errors.__test__ = False  # pytest would take it for a test


def errors_by_lockstep(config: Linear, run: int, path) -> list[list[float]]:
    block = make_block(config, run)
    sink = JsonLines(path / "metrics.jsonl")
    train(config, block, lambda networks, _: [{"mse": test_errors(config, block, networks).tolist()}], sink=sink)
    assert [record["step"] for record in read_records(sink.path)] == [0, 25, 50, 60]
    return read_records(sink.path)[-1]["mse"]


def errors_by_fit(config: Linear, seed: int) -> list[float]:
    streams = Streams(seed)
    tasks, _ = linear_tasks(4, 5, 3, 12, 7, 0.3, generator=streams["data"], dtype=torch.float64)
    model, optimizer = network(config, [task.name for task in tasks], streams)
    zeros = {"set_to_none": not config.zero_grads}
    fit(model, tasks, optimizer, steps=config.steps, batch_size=config.batch_size, streams=streams, **zeros)
    return [evaluate(model, task)["mse"] for task in tasks]


@pytest.mark.parametrize("zero_grads", [False, True])
@pytest.mark.parametrize("model", ["gated", "hard", "shared", "separate"])
def test_lockstep_is_fit_for_many_seeds(model, zero_grads, tmp_path):
    config = Linear(model=model, speed="3T", zero_grads=zero_grads, hard_mean=0.05, **SMALL)
    ours = errors_by_lockstep(config, 1, tmp_path)
    for place, seed in enumerate((2, 3)):
        assert ours[place] == pytest.approx(errors_by_fit(config, seed), rel=1e-9)


def test_zeroed_gradients_change_the_result(tmp_path):
    left, right = (
        errors_by_lockstep(Linear(speed="3T", zero_grads=zeros, **SMALL), 0, tmp_path) for zeros in (False, True)
    )
    assert abs(left[0][0] - right[0][0]) > 0.05


@pytest.mark.parametrize("end", ["error", "interrupt"])
def test_a_resumed_block_repeats_the_same_records(end, tmp_path):
    class Killed(Exception):
        pass

    config = Linear(speed="3T", **SMALL)

    def run(folder, stop_after: int | None = None) -> bytes:
        folder.mkdir(exist_ok=True)
        block = make_block(config, 0)

        def measure(networks, step):
            if step == stop_after and end == "error":
                raise Killed
            if step == stop_after:
                signal.raise_signal(signal.SIGINT)
            yield {"mse": test_errors(config, block, networks).mean().item()}

        sink = JsonLines(folder / "metrics.jsonl")
        train(config, block, measure, sink=sink, checkpoint=Checkpoint(folder, seconds=0 if end == "error" else 60))
        return sink.path.read_bytes()

    whole = run(tmp_path / "whole")
    with pytest.raises(Killed if end == "error" else KeyboardInterrupt):
        run(tmp_path / "killed", stop_after=50)
    assert run(tmp_path / "killed") == whole


def test_all_points_a_step_needs_no_draws(tmp_path):
    config = Linear(
        model="separate", **SMALL | {"batch_size": 0, "tasks": 1, "noise": 0.0, "steps": 2000, "every": 2000}
    )
    block = make_block(config, 0)
    sink = JsonLines(tmp_path / "metrics.jsonl")
    train(config, block, lambda networks, _: [{"mse": test_errors(config, block, networks).max().item()}], sink=sink)
    assert read_records(sink.path)[-1]["mse"] < 1e-3


def test_the_truth_has_no_error():
    config = Linear(**SMALL | {"noise": 0.0})
    block = make_block(config, 0)
    saturated = torch.where(block.masks > 0, 100.0, -1000.0).double()
    networks = torch.cat([block.values, saturated], 1)
    assert test_errors(config, block, networks).max() < 1e-20
    assert wrong_masks(config, block, networks).tolist() == [0, 0]
    assert all(error.max() < 1e-15 for error in recovery(config, block, networks).values())


def test_recovery_sees_a_wrong_mask_and_a_wrong_bias():
    config = Linear(**SMALL | {"tasks": 30})
    block = make_block(config, 0)
    scores = torch.where(block.masks > 0, 1000.0, -1000.0).double()
    bias = torch.zeros(3, 6, dtype=torch.bool)
    bias[:, 5] = True
    shifted = block.values + 0.25 * bias.flatten()
    scores[0, 0, 0] *= -1
    errors = recovery(config, block, torch.cat([shifted, scores], 1))
    assert errors["value_error"].tolist() == pytest.approx([0.25, 0.25])
    assert errors["weight_value_error"].tolist() == [0, 0]
    assert errors["weight_mask_error"].tolist() == [1, 0]
    assert wrong_masks(config, block, torch.cat([shifted, scores], 1)).tolist() == pytest.approx([1 / (30 * 18), 0])


def test_an_entry_that_no_task_uses_does_not_count():
    config = Linear(**SMALL | {"p_on": 0.0})
    block = make_block(config, 0)
    assert all(error.max() == 0 for error in recovery(config, block, block.rows).values())


def test_a_diverging_network_is_named(tmp_path):
    config = Linear(**SMALL)
    block = make_block(config, 0)
    block.rows[1] = torch.inf
    with pytest.raises(NonFiniteLoss, match=r"\[1\] of the block by step 0: lower lr"):
        train(config, block, lambda networks, step: [], sink=JsonLines(tmp_path / "metrics.jsonl"))


def test_rows_hold_the_bias_last():
    weight, bias = torch.arange(6.0).view(2, 3), torch.tensor([10.0, 20.0])
    assert join(weight, bias).tolist() == [0, 1, 2, 10, 3, 4, 5, 20]


def test_gated_equals_shared_before_the_first_step():
    gated, shared = (Linear(model=model, **SMALL) for model in ("gated", "shared"))
    layers = [effective(config, make_block(config, 0).rows) for config in (gated, shared)]
    torch.testing.assert_close(*layers)


@pytest.mark.parametrize("wrong", [{"init": "uniform"}, {"block": 0}, {"every": 0}, {"batch_size": -1}])
def test_bad_settings_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Linear(**wrong)


def test_a_table_keeps_every_row():
    rows = torch.randn(2, 5, 6)
    assert torch.equal(Table(rows).networks(2), rows)
