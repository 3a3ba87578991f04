"""A search as a run: what it records, that a kill changes no byte of it, and tickets trained again."""

from dataclasses import replace

import pytest
import torch
from search_case import TINY, Killed, context, dying, recorded

from rewire.experiments.tickets.shared import runs
from rewire.experiments.tickets.shared.config import popular_repository
from rewire.experiments.tickets.shared.data import load
from rewire.experiments.tickets.shared.networks import build
from rewire.experiments.tickets.shared.retrain import retrain
from rewire.experiments.tickets.shared.trainer import trainer
from rewire.tickets import Phase
from rewire.tickets.sparse_linear import SparseLinear
from rewire.training import Streams


def test_every_level_is_recorded_with_layers_and_units(tmp_path):
    rows = recorded(TINY, tmp_path)
    levels = rows.where(split="test")
    assert [(row["level"], round(row["density"], 2)) for row in levels] == [(0, 1.0), (1, 0.5), (2, 0.25)]
    assert all(0 <= row["accuracy"] <= row["best_accuracy"] <= 1 for row in levels)
    assert {row["layer"] for row in rows if "layer" in row} == {"1.weight", "3.weight", "5.weight"}
    for level in (0, 1, 2):
        assert sum(rows.where(level=level).values("unit_kept")) == 1000 * 0.5**level
    assert not any("step" in row for row in rows)


def test_the_output_layer_may_lose_less(tmp_path):
    rows = recorded(replace(TINY, levels=1, output_keep=0.75), tmp_path)
    assert rows.where(level=1, layer="5.weight").values("layer_density") == [0.75]
    assert rows.where(level=1, layer="1.weight").values("layer_density") == [0.5]


def test_a_search_that_empties_a_layer_says_which(tmp_path):
    rows = recorded(replace(TINY, levels=4, output_keep=0.02, keep=0.9), tmp_path)
    assert rows.values("stopped") == ["5.weight"]


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(tmp_path):
    first, again, other = (recorded(TINY, tmp_path / name, seed=s) for name, s in (("a", 0), ("b", 0), ("c", 1)))
    assert first.rows == again.rows != other.rows


@pytest.mark.parametrize(
    ("batches", "sparse_below"), [(0, None), (4, None), (6, None), (11, None), (17, None), (16, 0.3)]
)
def test_a_killed_search_ends_with_the_same_bytes(tmp_path, monkeypatch, batches, sparse_below):
    config = replace(TINY, sparse_below=sparse_below)
    recorded(config, tmp_path / "whole")
    with monkeypatch.context() as patch:
        patch.setattr(runs, "load", lambda *args: dying(load(*args), batches))
        with pytest.raises(Killed):
            runs.run(config, context(tmp_path / "killed", checkpoint_every=0))
    recorded(config, tmp_path / "killed")
    whole, killed = ((tmp_path / name / "metrics.jsonl").read_bytes() for name in ("whole", "killed"))
    assert killed == whole


def test_sparse_layers_change_rounding_only(tmp_path, monkeypatch):
    layers = []

    def counting(*args):
        train = trainer(*args)

        def counted(model, phase):
            layers.append(sum(isinstance(module, SparseLinear) for module in model))
            return train(model, phase)

        return counted

    monkeypatch.setattr(runs, "trainer", counting)
    dense, sparse = (recorded(replace(TINY, sparse_below=b), tmp_path / str(b)).values("loss") for b in (None, 0.3))
    assert layers == [0, 0, 0, 0, 0, 3]
    assert sparse == pytest.approx(dense, rel=1e-3)


def test_frozen_negatives_are_frozen_in_every_layer(tmp_path):
    config = replace(popular_repository(TINY), sparse_below=1.0)
    assert recorded(config, tmp_path / "a").rows == recorded(popular_repository(TINY), tmp_path / "b").rows


def test_checkpoints_go_when_the_search_is_over(tmp_path):
    runs.run(TINY, context(tmp_path, checkpoint_every=0))
    assert not list(tmp_path.rglob("checkpoint.safetensors"))


@pytest.mark.parametrize("below", [None, 0.3])
def test_a_ticket_trained_again_from_its_own_values_is_its_level(tmp_path, below):
    found = runs.search(replace(TINY, sparse_below=below), context(tmp_path))
    data, ticket = load(TINY, 0), found.ticket(2)
    model = build(TINY, data.task.test[:1][0], Streams(0))
    train = trainer(TINY, data, 0)
    report = retrain(model, ticket.values, ticket.mask, train, tmp_path / "again", level=2, sparse_below=below)
    assert report == found.levels[2].report
    assert int(model[1].weight.count_nonzero()) <= int(ticket.mask["1.weight"].count_nonzero())


def test_a_finished_retraining_is_read_not_repeated(tmp_path):
    found = runs.search(replace(TINY, levels=1), context(tmp_path))
    ticket, model = found.ticket(), torch.nn.Sequential()

    def never(model, phase: Phase):
        raise AssertionError("trained again")

    again = tmp_path / "again"
    first = retrain(_model(), ticket.values, ticket.mask, lambda model, phase: {"accuracy": 0.5}, again)
    assert retrain(model, ticket.values, ticket.mask, never, again) == first == {"accuracy": 0.5}


def _model():
    return build(TINY, load(TINY, 0).task.test[:1][0], Streams(0))
