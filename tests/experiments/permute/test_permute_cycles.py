"""permute/cycles: graphs checked slot by slot, permutations between syncs, verdicts, figures."""

from dataclasses import replace

import pytest
import torch
from permute_case import claimed, recorded

from rewire.experiments.permute.cycles import syncs
from rewire.experiments.permute.cycles.recipe import RECIPE
from rewire.experiments.permute.cycles.stages import SUBGRAPH, SYNCS, SubgraphConfig, SyncConfig, stages
from rewire.experiments.permute.cycles.subgraphs import checked
from rewire.experiments.permute.cycles.syncs import compared, network
from rewire.figures import save
from rewire.permutations.matching import cycles_of, permissible
from rewire.runs import Records, run_name

TINY = SubgraphConfig(dataset="digits", steps=5, evaluate_every=5, partition=0.3, partition_max=0.5)


def test_what_breaks_the_rule_is_counted():
    values, r = torch.tensor([1.0, 2.0, 5.0, 4.0]), torch.tensor([-1.0, 1.0, 1.0, -2.0])
    graph, cycles = permissible(values, r, 2.0), cycles_of(values, r, 2.0)
    row = {"slots": 4, "edges": int(graph.sum()), "cycles": 2, "moved": 4, "wrong": 0}
    assert checked(values, r, 2.0, graph, cycles) == row
    assert checked(values, r, 2.0, ~graph, cycles)["wrong"] == 16
    assert checked(values, r, 2.0, graph, [[0, 2]])["wrong"] == 2  # neither may take the other's value
    assert checked(values, r, 2.0, graph, [[0, 1], [0, 1]])["wrong"] == 2  # slots in two cycles


def test_a_run_checks_every_subset(tmp_path):
    records = recorded(RECIPE, TINY, tmp_path, label=SUBGRAPH)
    subsets = Records([row for row in records if "edges" in row])
    assert len(set(subsets.values("vector"))) == 10
    outcome = claimed(RECIPE, "P2-5").measure(records)
    assert outcome.holds
    assert f"{len(subsets)} subsets" in outcome.note
    (figure,) = RECIPE.draw(records, tmp_path)
    assert save(figure, tmp_path / "figures").png.stat().st_size > 5000


def test_permutations_between_two_syncs():
    before = torch.arange(6.0).repeat(2, 1)
    after = before.clone()
    after[0, :3] = torch.tensor([1.0, 2.0, 0.0])
    whole, *shown = compared(before, after, 3, (3,))
    assert whole == {"sync": 3, "moved": 0.25, "still": 1, "cycles": 0.5, "longest": 3, "same values": True}
    assert [row["value"] for row in shown if "slot" in row] == list(range(6))
    assert [row["at"] for row in shown if "cycle" in row] == [0, 1, 2]
    assert len(list(compared(before, after, 4, (3,)))) == 1


def test_the_second_layer_has_vectors_of_128():
    assert network().get_parameter(syncs.LAYER).flatten(1).shape == (16, 128)
    assert network()(torch.zeros(2, 3, 32, 32)).shape == (2, 10)


def test_the_network_is_synced_and_compared(tmp_path, monkeypatch):
    small = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(64, 8), torch.nn.Linear(8, 8), torch.nn.Linear(8, 10)
    )
    monkeypatch.setattr(syncs, "network", lambda: small)
    config = SyncConfig(dataset="digits", k=5, steps=20, evaluate_every=20, shown=(2, 4), lr=1e-2)
    records = recorded(RECIPE, config, tmp_path, label=SYNCS)
    assert [row["sync"] for row in records if "longest" in row] == [1, 2, 3, 4]
    assert all(row["same values"] for row in records if "longest" in row)
    assert {row["sync"] for row in records if "slot" in row} == {2, 4}
    (figure,) = RECIPE.draw(records, tmp_path)
    assert save(figure, tmp_path / "figures").png.stat().st_size > 5000


@pytest.mark.parametrize(("moved", "same", "holds"), [(0.4, True, True), (0.0, True, False), (0.4, False, False)])
def test_a_sync_must_move_and_keep(moved, same, holds):
    row = {"label": SYNCS, "seed": 0, "cycles": 3.0, "longest": 9, "same values": same}
    outcome = claimed(RECIPE, "P2-6").measure(Records([row | {"moved": 0.6}, row | {"moved": moved}]))
    assert (outcome.ours, outcome.holds) == (moved, holds)


@pytest.mark.parametrize(("wrong", "cycles", "holds"), [(0, 3, True), (1, 3, False), (0, 0, False)])
def test_graphs_must_be_valid_and_have_cycles(wrong, cycles, holds):
    row = {"label": SUBGRAPH, "seed": 0, "slots": 37, "edges": 90, "moved": 8, "wrong": wrong, "cycles": cycles}
    outcome = claimed(RECIPE, "P2-5").measure(Records([row]))
    assert (outcome.ours, outcome.holds) == (cycles, holds)


def test_two_kinds_of_configs_never_share_a_folder():
    for budget in ("quick", "full"):
        names = [run_name(stage.config) for stage in stages(budget)]
        assert len(set(names)) == len(names)
    assert run_name(replace(TINY, steps=6)) != run_name(TINY)


def test_without_records():
    assert all(claim.measure(Records([])) is None for claim in RECIPE.claims)
    assert RECIPE.draw(Records([]), None) == []
