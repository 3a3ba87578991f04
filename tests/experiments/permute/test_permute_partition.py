"""permute/partition: gaps by hand, a run, verdicts, the figure."""

import pytest
import torch
from permute_case import recorded

from rewire.experiments.permute.partition.gaps import gap_inside, mean_gap
from rewire.experiments.permute.partition.recipe import RECIPE
from rewire.experiments.permute.partition.runs import vector
from rewire.experiments.permute.partition.stages import PartitionConfig
from rewire.figures import save
from rewire.runs import Records


def test_gaps_by_hand():
    values = torch.tensor([0.0, 4.0, 1.0, 3.0, 2.0])
    assert mean_gap(values) == 1
    assert gap_inside(values, [torch.tensor([0, 1]), torch.tensor([2, 3, 4])]) == (4 + 2) / (1 + 2)


def test_the_vector_is_within_he_s_bound():
    assert vector(784, 0).abs().max().item() == pytest.approx(0.0875, rel=0.01)


def test_a_run_cuts_every_slot_once(tmp_path):
    records = recorded(RECIPE, PartitionConfig(), tmp_path)
    slots = [row for row in records if "slot" in row]
    assert sorted(row["slot"] for row in slots) == list(range(784))
    first = records.where(partition=0.05).rows[0]
    assert {row["part"] for row in slots} == set(range(first["parts"]))
    outcome = RECIPE.claims[0].measure(records)
    assert outcome.holds
    assert outcome.ours == pytest.approx(20, rel=0.1)
    (figure,) = RECIPE.draw(records, tmp_path)
    assert save(figure, tmp_path / "figures").png.stat().st_size > 20_000


@pytest.mark.parametrize(("ratio", "holds"), [(20, True), (25.9, True), (13, False)])
def test_a_third_off_is_too_much(ratio, holds):
    row = {"seed": 0, "partition": 0.05, "ratio": ratio, "parts": 21, "smallest": 4, "largest": 39}
    outcome = RECIPE.claims[0].measure(Records([row]))
    assert (outcome.ours, outcome.holds) == (ratio, holds)


def test_without_records():
    assert RECIPE.claims[0].measure(Records([])) is None
    assert RECIPE.draw(Records([]), None) == []
