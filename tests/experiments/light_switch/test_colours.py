"""The verdicts of light-switch/colours on hand-made records."""

import pytest
from image_records import accuracy, claim, joined

from rewire.experiments.light_switch.colours.recipe import RECIPE
from rewire.runs import Records


def primaries(gated=0.937, shared=0.938, stuck=(0.1010, 0.1135, 0.89), honest=0.90):
    each = {"gated": gated, "shared": shared, "hard": 0.94, "separate": honest, "gated zero gradients": 0.9372}
    return joined(
        accuracy("primaries separate 3T zero gradients", "red", stuck),
        *(accuracy(f"primaries {name}", "red", [v, v + 0.001, v - 0.001]) for name, v in each.items()),
    )


@pytest.mark.parametrize(
    ("records", "holds"), [(primaries(), True), (primaries(gated=0.92), False), (primaries(shared=0.95), False)]
)
def test_gated_and_shared_are_held_to_the_papers_numbers(records, holds):
    assert claim(RECIPE, "LS-5a").measure(records).holds is holds


def test_the_code_as_committed_is_compared_with_dropped_gradients_by_seed():
    outcome = claim(RECIPE, "LS-5a-committed").measure(primaries(gated=0.92))
    assert outcome.holds
    assert "+0.0172" in outcome.note


@pytest.mark.parametrize(
    ("records", "holds"),
    [
        (primaries(), True),
        (primaries(stuck=(0.1010, 0.91, 0.89)), False),  # the defect on does not give the number
        (primaries(honest=0.1010), False),  # the defect off gives it too
        (primaries(stuck=(0.1011, 0.1136, 0.11)), False),  # poor, but no constant answer
    ],
)
def test_separate_is_an_artefact_only_if_the_defect_explains_it(records, holds):
    outcome = claim(RECIPE, "LS-5a-separate").measure(records)
    assert outcome.holds is holds


def test_the_note_names_the_digit_that_is_always_answered():
    note = claim(RECIPE, "LS-5a-separate").measure(primaries()).note
    assert "2 of 3 seeds" in note
    assert "0.1010 = always 3" in note


@pytest.mark.parametrize(("red", "alone", "holds"), [(0.94, 0.945, True), (0.92, 0.93, False), (0.935, 0.95, False)])
def test_black_and_red_must_not_fall_behind_black_alone(red, alone, holds):
    records = joined(
        accuracy("black+red gated", "black", [0.94, 0.942]),
        accuracy("black+red gated", "red", [red, red]),
        accuracy("black gated", "black", [alone, alone]),
    )
    assert claim(RECIPE, "LS-5b").measure(records).holds is holds


@pytest.mark.parametrize(
    ("shared", "white", "holds"), [(0.85, 0.1010, True), (0.81, 0.1010, False), (0.85, 0.25, False)]
)
def test_towards_white(shared, white, holds):
    records = joined(
        *(accuracy(f"white {name}", "maroon", [v, v + 0.01], 140) for name, v in (("gated", 0.82), ("shared", shared))),
        *(accuracy(f"white {name}", "white", [white, 0.1135], 140) for name in ("gated", "shared")),
    )
    assert claim(RECIPE, "LS-5c").measure(records).holds is holds


@pytest.mark.parametrize(("early", "late", "holds"), [(0.7, 0.93, True), (0.9, 0.93, False), (0.7, 0.89, False)])
def test_black_and_inverse(early, late, holds):
    tasks = ("black", "inverse")
    records = joined(
        *(accuracy("inverse gated", task, [early, early + 0.01], 140) for task in tasks),
        *(accuracy("inverse shared", task, [0.85, 0.86], 140) for task in tasks),
        *(accuracy("inverse gated", task, [late, late], 490) for task in tasks),
    )
    assert claim(RECIPE, "LS-5d").measure(records).holds is holds


@pytest.mark.parametrize(("variance", "least", "holds"), [(0.0, 1.0, True), (1e-9, 0.99, False), (0.0, 0.5, False)])
def test_the_red_channel_must_be_all_ones(variance, least, holds):
    row = {"task": "red", "channel": 0, "variance": variance, "least": least, "most": 1.0}
    assert claim(RECIPE, "LS-5e").measure(Records([row])).holds is holds
