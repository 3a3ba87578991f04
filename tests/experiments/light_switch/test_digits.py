"""The demo's verdicts on hand-made records, and the demo itself, shortened."""

import pytest
from image_records import accuracy, claim, joined

from rewire.experiments import judge
from rewire.experiments.light_switch.digits.claims import TASKS
from rewire.experiments.light_switch.digits.recipe import RECIPE
from rewire.runs import Records


def final(**values):
    return joined(
        *(accuracy(name, task, [v, v + 0.01], 250) for name, v in values.items() for task in TASKS),
        Records([{"label": "hard", "seed": 0, "wiring": "masks", "on": 0.9}]),
    )


@pytest.mark.parametrize(("gated", "holds"), [(0.93, True), (0.90, False)])
def test_gated_is_compared_with_the_better_baseline(gated, holds):
    assert claim(RECIPE, "LS-D1").measure(final(gated=gated, shared=0.95, separate=0.88)).holds is holds


@pytest.mark.parametrize(("hard", "holds"), [(0.925, True), (0.91, False)])
def test_hard_is_compared_with_gated(hard, holds):
    assert claim(RECIPE, "LS-D2").measure(final(gated=0.93, hard=hard)).holds is holds


def test_an_interval_needs_two_seeds_and_a_gap_needs_both_networks():
    both = final(gated=0.93, hard=0.92)
    for records, reason in ((both.where(seed=0), "needs at least 2 seeds; got 1"), (final(), "no run of 'gated' is")):
        assert reason in judge(claim(RECIPE, "LS-D2"), records, "quick")["note"]


@pytest.mark.parametrize(("name", "label", "limit"), [("LS-D3", "hard", 0.0), ("LS-D4", "gated", -0.02)])
def test_rounding_is_held_to_its_loss(name, label, limit):
    def measured(change):
        row = {"label": label, "rounding": "red", "before": 0.9, "after": 0.9 + change, "change": change}
        return claim(RECIPE, name).measure(Records([row | {"undecided": 0.5}]))

    assert measured(limit).holds
    assert not measured(limit - 0.01).holds


@pytest.mark.parametrize(("size", "holds"), [(8900, True), (12_000, False)])
def test_storage_is_a_fraction_of_a_network(size, holds):
    rows = [{"label": "hard", "stored": name, "bytes": size, "weights": 64_422} for name in ("red", "green")]
    outcome = claim(RECIPE, "LS-D5").measure(Records(rows))
    assert outcome.ours == size
    assert outcome.holds is holds


@pytest.mark.parametrize(("name", "kind"), [("LS-D6", "channels"), ("LS-D7", "pixels")])
@pytest.mark.parametrize(("share", "holds"), [(0.1, True), (0.3, False)])
def test_only_the_constant_channel_counts(name, kind, share, holds):
    rows = [
        {"label": "gated", "wiring": kind, "task": "red", "channel": channel, "share": value}
        for channel, value in (("red", share), ("green", 0.5), ("blue", 0.4))
    ]
    outcome = claim(RECIPE, name).measure(Records(rows))
    assert outcome.ours == share
    assert outcome.holds is holds
