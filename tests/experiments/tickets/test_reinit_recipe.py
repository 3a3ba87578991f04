"""The controls of tickets/reinit on the digits, and its verdict on hand-made records."""

from dataclasses import replace
from functools import partial

import pytest
import torch
from search_case import TINY, Killed, as_records, by_level, claimed, context, dying, recorded

from rewire.experiments.tickets.reinit import runs
from rewire.experiments.tickets.reinit.recipe import RECIPE
from rewire.experiments.tickets.reinit.stages import LABEL, RANDOM, REINIT, RESHUFFLE, TICKET, ReinitConfig
from rewire.experiments.tickets.shared import networks
from rewire.experiments.tickets.shared.data import load
from rewire.runs import Records
from rewire.tickets import Ticket, generators, prunable, random_mask

SMALL = ReinitConfig(**vars(TINY) | {"epochs": 1}, controlled=0.5, draws=2)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return recorded(SMALL, tmp_path_factory.mktemp("reinit"), runs.run)


def test_each_sparser_level_gets_every_control(small):
    rows = small.where(split="test")
    expected = {TICKET: [0, 1, 2], REINIT: [1, 1, 2, 2], RESHUFFLE: [1, 2], RANDOM: [1, 2]}
    assert {start: each.values("level") for start, each in rows.by("start").items()} == expected
    assert len(set(rows.where(level=2).values("density"))) == 1
    assert len(rows) == runs.trainings(SMALL)


def test_draws_differ(small):
    first, second = small.where(start=REINIT, level=1).values("loss")
    assert first != second


def test_a_killed_run_ends_with_the_same_bytes(tmp_path, monkeypatch):
    recorded(SMALL, tmp_path / "whole", runs.run)
    with monkeypatch.context() as patch:
        patch.setattr(runs, "load", lambda *args: dying(load(*args), 17))  # within the third control
        with pytest.raises(Killed):
            runs.run(SMALL, context(tmp_path / "killed", checkpoint_every=0))
    assert list(tmp_path.rglob("report.json"))
    recorded(SMALL, tmp_path / "killed", runs.run)
    whole, killed = ((tmp_path / name / "metrics.jsonl").read_bytes() for name in ("whole", "killed"))
    assert killed == whole


@pytest.mark.parametrize("kind", runs.CONTROLS)
def test_a_control_changes_what_it_names_and_nothing_else(kind):
    build = partial(networks.draw, TINY, torch.zeros(1, 1, 8, 8))
    model = build()
    values = {name: value.detach() for name, value in model.named_parameters()}
    ticket = Ticket(random_mask(prunable(model), 0.3, generators(0, 1)[0]), values)
    changed, mask = runs.beginning(kind, ticket, build, generators(1, 1)[0])
    assert mask.densities() == ticket.mask.densities()
    assert (mask == ticket.mask) is (kind != RANDOM)
    for name, on in ticket.mask.items():
        before, after = (each[name][on].sort().values for each in (values, changed))
        assert torch.equal(before, after) is (kind != REINIT)
        assert torch.equal(values[name], changed[name]) is (kind == RANDOM)


def controls(gap, other=0.95, draws=2):
    ticket = by_level(LABEL, [[0.97, 0.98, 0.99]] * 3, 0.4, start=TICKET)
    rows = [
        row | {"start": start, "draw": draw, "accuracy": row["accuracy"] - (gap if row["level"] == 2 else 0.02)}
        for start in (REINIT, RESHUFFLE, RANDOM)
        for draw in range(draws)
        for row in ticket
        if row["level"] > 0
    ]
    return as_records(ticket, rows)


@pytest.mark.parametrize(("gap", "holds"), [(0.01, True), (0.0, True), (-0.001, False)])
def test_the_ticket_must_win_at_every_controlled_level(gap, holds):
    outcome = claimed(RECIPE, "LT-3").measure(controls(gap))
    assert outcome.holds is holds
    assert outcome.ours == pytest.approx(100 * gap)  # at 16 % left, the nearest to 21 %
    assert "3 tickets and 6 reinits" in outcome.note


@pytest.mark.parametrize("budget", ["quick", "full"])
def test_three_draws_at_each_controlled_level(budget):
    for stage in RECIPE.stages(budget):
        assert stage.config.draws >= 3
        levels = {level for level, *_ in runs.plan(stage.config)}
        assert len(levels) >= 3
        assert all(stage.config.keep**level <= 0.21 for level in levels)


def test_an_early_end_of_the_search_ends_the_controls(tmp_path):
    config = replace(SMALL, levels=4, output_keep=0.02, keep=0.9, controlled=0.95)
    rows = recorded(config, tmp_path, runs.run)
    assert rows.values("stopped") == ["5.weight"]
    assert max(rows.where(start=REINIT).values("level")) == max(rows.where(start=TICKET).values("level"))


def test_figures_need_records(tmp_path):
    assert RECIPE.draw(Records([]), tmp_path) == []
    assert [figure.name for figure in RECIPE.draw(controls(0.01), tmp_path)] == ["levels"]
