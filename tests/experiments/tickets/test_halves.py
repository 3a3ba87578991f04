"""tickets/halves: its claims on hand-made records, its stages, its figures from runs of a few steps."""

import pytest
from transfer_case import claim, levels, made, tiny

from rewire.experiments import judge
from rewire.experiments.tickets.halves.figures import figures
from rewire.experiments.tickets.halves.recipe import RECIPE
from rewire.figures import save
from rewire.runs import Records

CLEAN = {"faithful S1": 0.976, "faithful S1 moved": 0.978, "faithful S2": 0.977}
DEFECT = {"popular repository S1": 0.957, "popular repository S1 moved": 0.961}


def rows(accuracies, of="accuracy"):
    """Two levels of each training; the first is far from what the claims are about."""
    return [
        row
        for label, value in accuracies.items()
        for row in levels(
            label.removesuffix(" moved"),
            {0: [0.2] * 3, 5: [value - 0.001, value, value + 0.001]},
            moved=label.endswith(" moved"),
            of=of,
        )
    ]


def records(changes):
    both = rows(CLEAN | changes) + rows(DEFECT | {k: v for k, v in changes.items() if k in DEFECT})
    return Records(both + rows(CLEAN | DEFECT | changes, "best_accuracy"))


@pytest.mark.parametrize(
    ("changes", "holds"),
    [
        ({}, True),
        ({"faithful S1 moved": 0.985}, False),  # better by .9 pp is not alike either
        ({"faithful S1 moved": 0.970}, False),
        ({"faithful S1": 0.954, "faithful S1 moved": 0.954}, False),  # alike, below what is reported
    ],
)
def test_a_ticket_is_alike_on_both_halves(changes, holds):
    outcome = claim(RECIPE, "LT-5").measure(records(changes))
    assert (outcome.holds, outcome.n) == (holds, 3)
    assert "faithful, 3.1 % left: T1 on S1" in outcome.note
    assert outcome.ours == pytest.approx(
        100 * ((CLEAN | changes)["faithful S1 moved"] - (CLEAN | changes)["faithful S1"])
    )


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "artefact"),
        ({"popular repository S1": 0.94}, "not reproduced"),
        ({"faithful S1": 0.957, "faithful S1 moved": 0.961}, "not reproduced"),  # then the defect explains nothing
    ],
)
def test_the_values_are_an_artefact_where_only_the_popular_trainer_has_them(changes, verdict):
    assert judge(claim(RECIPE, "LT-5-values"), records(changes), "full")["verdict"] == verdict


def test_without_the_popular_trainer_the_values_are_not_run():
    row = judge(claim(RECIPE, "LT-5-values"), Records(rows(CLEAN)), "full")
    assert row["verdict"] == "not run"
    assert "popular" in row["note"] or "T1" in row["note"]


@pytest.mark.parametrize(("budget", "searches"), [("quick", 3), ("full", 4)])
def test_the_tickets_of_the_first_half_move_to_the_second(budget, searches):
    stages = {stage.label: stage.config for stage in RECIPE.stages(budget)}
    assert len(stages) == searches
    for label, config in stages.items():
        assert (config.half, config.to_half) == ((1, 2) if label.endswith("S1") else (2, 0))
        assert config.frozen_negatives == (config.biases == "normal") == label.startswith("popular")


def test_figures_of_a_few_steps(tmp_path):
    found = [
        row
        for stage in RECIPE.stages("full")
        for row in made(tiny(stage.config, epochs=4, levels=2), tmp_path / stage.label, stage.label)
    ]
    drawn = figures(Records(found), tmp_path)
    assert [figure.name for figure in drawn] == ["levels", "training"]
    labels = {(row["what"], row["label"]) for row in drawn[0].rows}
    assert labels == {
        (of, name) for of in ("accuracy", "best_accuracy") for name in ("T1 on S1", "T1 on S2", "T2 on S2")
    }
    assert all(save(figure, tmp_path / "figures").png.stat().st_size > 5000 for figure in drawn)
    assert figures(Records([]), tmp_path) == []
