"""Tickets that move: what moves, what stays, and that a run killed anywhere ends with the same records."""

from dataclasses import replace

import pytest
import torch
from transfer_case import TINY, made

import rewire.files
from rewire.experiments import Context
from rewire.experiments.tickets.shared import transfer_runs
from rewire.experiments.tickets.shared.data import load
from rewire.experiments.tickets.shared.networks import build
from rewire.experiments.tickets.shared.transfer import named, target
from rewire.experiments.tickets.shared.transfer_runs import TRANSFER
from rewire.runs import JsonLines, Records
from rewire.training import Streams

HALVES = replace(TINY, half=1, to_half=2)


@pytest.mark.parametrize(
    ("moves", "there"),
    [
        ({"half": 1, "to_half": 2}, {"half": 2}),
        ({"labels": (0, 1), "to_labels": (2, 3)}, {"labels": (2, 3)}),
        ({"optimizer": "sgd", "to_optimizer": "adam"}, {"optimizer": "adam"}),
        ({"dataset": "mnist", "to_dataset": "fashion-mnist"}, {"dataset": "fashion-mnist"}),
    ],
)
def test_one_thing_is_different_at_the_target(moves, there):
    config = replace(TINY, **moves)
    assert target(config) == replace(config, **there)


def test_a_ticket_without_a_target_stays():
    assert target(TINY) is None
    assert target(replace(TINY, optimizer="adam", to_optimizer="adam")) is None


def test_halves_share_no_image_and_leave_none_out():
    halves = [load(replace(TINY, train_images=0, half=half), seed=3).task.train for half in (1, 2)]
    rows = torch.cat([half.rows for half in halves])
    assert sorted(rows.tolist()) == list(range(1442))
    assert abs(len(halves[0]) - len(halves[1])) <= 1


@pytest.mark.parametrize(("outputs", "targets"), [(10, {5, 7, 9}), (3, {0, 1, 2})])
def test_labels_are_numbered_anew_only_where_each_has_its_output(outputs, targets):
    config = replace(TINY, labels=(5, 7, 9), outputs=outputs)
    task = load(config, seed=0).task
    assert set(task.train.targets.tolist()) == set(task.test.targets.tolist()) == targets
    x, _ = task.test[:2]
    assert build(config, x, Streams(0))(x).shape == (2, outputs)


def test_the_mask_and_the_initial_values_move_and_nothing_else(tmp_path, monkeypatch):
    seen = []

    def retrain(model, values, mask, train, directory, level, sparse_below):
        seen.append((level, mask, {name: value.clone() for name, value in values.items()}, train))
        return {"accuracy": 0.5, "curve": []}

    monkeypatch.setattr(transfer_runs, "retrain", retrain)
    records = made(HALVES, tmp_path)
    assert [level for level, *_ in seen] == [0, 1]
    x, _ = load(HALVES, 0).task.test[:1]
    start = build(HALVES, x, Streams(0)).state_dict()
    for (level, mask, values, train), row in zip(seen, records.where(moved=False, split="test")):
        assert mask.density == row["density"] == pytest.approx(0.5**level, abs=1e-3)
        assert all(torch.equal(values[name], start[name]) for name in start)
        assert train.keywords["config"].half == 2
        assert train.keywords["data"].task.name == "digits 2/2"
        assert train.keywords["seed"] == 0


def test_only_the_chosen_levels_move(tmp_path):
    records = made(replace(HALVES, levels=2, to_levels=(0, 2)), tmp_path)
    assert records.where(moved=False, split="test").values("level") == [0, 1, 2]
    assert records.where(moved=True, split="test").values("level") == [0, 2]


def test_a_moved_ticket_is_the_search_where_nothing_differs_but_the_name(tmp_path):
    """Trained again on the same examples, a ticket ends where the search ended: the same start, mask and batches."""
    found = transfer_runs.search(TINY, Context(0, tmp_path, JsonLines(tmp_path / "metrics.jsonl")))
    again = list(transfer_runs.transfer(found, TINY, Context(0, tmp_path, JsonLines(tmp_path / "again.jsonl"))))
    reached = [row["accuracy"] for row in again if "accuracy" in row]
    assert reached == [level.report["accuracy"] for level in found.levels]
    assert min(reached) > 0.2


def test_records_say_where_a_ticket_was_trained():
    rows = [
        {"label": "sgd", "moved": False, "accuracy": 0.1},
        {"label": "sgd", "moved": True, "accuracy": 0.2},
        {"label": "adam", "moved": True, "accuracy": 0.3},
        {"label": "sgd", "stopped": "0.weight"},
    ]
    mine = named(Records(rows), {("sgd", True): "moved", ("adam", True): "back"})
    assert [(row["label"], row["accuracy"]) for row in mine] == [("moved", 0.2), ("back", 0.3)]


class Killed(BaseException):
    pass


def test_a_run_killed_before_any_of_its_writes_ends_with_the_same_records(tmp_path, monkeypatch):
    whole, config = tmp_path / "whole", replace(HALVES, sparse_below=0.6)  # level 0 trains dense, level 1 sparse
    made(config, whole, checkpoint_every=0.0)
    expected = (whole / "metrics.jsonl").read_bytes()
    write = rewire.files.write_atomic
    for number in range(100):
        left = [number]

        def fragile(path, content, left=left):
            left[0] -= 1
            if left[0] < 0:
                raise Killed
            write(path, content)

        directory = tmp_path / f"killed {number}"
        try:
            with monkeypatch.context() as patch:
                patch.setattr(rewire.files, "write_atomic", fragile)
                made(config, directory, checkpoint_every=0.0)
        except Killed:
            made(config, directory, checkpoint_every=0.0)
            assert (directory / "metrics.jsonl").read_bytes() == expected
            assert not list((directory / TRANSFER).rglob("checkpoint.safetensors"))
        else:
            break
    assert 15 < number < 99  # settings, start, and for four trainings their checkpoints and results


def test_the_live_line_counts_both_parts(tmp_path):
    seen = []
    made(HALVES, tmp_path, progress=seen.append)
    steps = [state for state in seen if "steps" in state]
    assert all(0 < state["step"] <= state["steps"] for state in steps)
    show = transfer_runs._scaled(seen.append, 1, 2)
    show({"step": 3, "steps": 8})
    assert seen[-1] == {"step": 11, "steps": 16}
