"""Evidence on demand, and searches by every criterion."""

import evidence_case as case
import pytest
import torch

from rewire.masks import CRITERIA, needs
from rewire.tickets import find
from rewire.tickets.curvature import curvature
from rewire.tickets.evidence import flow
from rewire.tickets.measures import MEASURES, measures


def test_every_kind_of_evidence_that_a_criterion_needs_can_be_measured():
    wanted = {kind for criterion in CRITERIA for kind in needs(criterion)} - {"init", "final"}
    assert wanted == {*MEASURES, "flow"}


def test_only_what_is_asked_for_is_measured_at_every_level_anew():
    model, calls = case.built("mlp"), []

    def loss(model, batch):
        calls.append(batch)
        return case.loss(model, batch)

    measure = measures(loss, iter(case.batches()), curvature={"samples": 3})
    assert measure(model, ()) == {}
    assert not calls
    found = measure(model, ("gradient", "curvature"))
    again = measure(model, ("gradient", "curvature"))
    assert len(calls) == 2 * 2 * 2
    expected = curvature(model, case.loss, case.batches(), samples=3)
    for each in (found, again):
        assert torch.equal(case.flat(each["curvature"]), case.flat(expected))


@pytest.mark.parametrize("criterion", CRITERIA)
def test_find_searches_by_every_criterion(criterion):
    model = case.built("mlp")

    def train(model, phase):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for batch in case.batches():
            optimizer.zero_grad()
            case.loss(model, batch).backward()
            optimizer.step()

    x = case.batches()[0][0]
    found = find(
        model, train, levels=2, keep=0.5, criterion=criterion, evidence=measures(case.loss, case.batches(), example=x)
    )
    assert [level.mask.kept for level in found.levels] == [35, 18, 9]


def test_unknown_kinds_and_a_missing_example_are_refused():
    model = case.built("mlp")
    with pytest.raises(
        ValueError, match=r"options must be one of 'gradient', .*; got 'curvatur' .did you mean 'curvature'"
    ):
        measures(case.loss, [], curvatur={})
    with pytest.raises(ValueError, match=r"kind must be one of .* measure it in a function of your own"):
        measures(case.loss, case.batches())(model, ("slope",))
    with pytest.raises(ValueError, match=r"example must be an input of the model, for 'flow'; got None"):
        measures(case.loss, case.batches())(model, ("flow",))
    x = case.batches()[0][0]
    found = measures(case.loss, [], example=x, flow={"dtype": torch.float32})(model, ("flow",))
    assert torch.equal(case.flat(found["flow"]), case.flat(flow(model, x, dtype=torch.float32)))
