"""zhou/untrained: masks on the digits' network before training, and verdicts on hand-made records."""

import itertools
from dataclasses import replace

import pytest
from zhou_case import TINY, measured, recorded

from rewire.experiments.zhou.untrained.recipe import RECIPE
from rewire.experiments.zhou.untrained.stages import LABEL
from rewire.runs import Records
from rewire.tickets.untrained import SIGNS, VALUES, ZHOU


def test_every_combination_and_both_networks_are_recorded(tmp_path):
    rows = recorded(TINY, tmp_path, RECIPE.execute)
    assert rows.values("network") == ["before training", "after training"]
    before, after = rows.values("accuracy")[:2]
    assert before < after
    expected = [(c, s, level, v) for c, s in itertools.product(ZHOU, SIGNS) for level in (1, 2) for v in VALUES]
    found = [(row["criterion"], row["sign"], row["level"], row["values"]) for row in rows if "criterion" in row]
    assert found == expected
    again = recorded(TINY, tmp_path, RECIPE.execute)  # the training is read, not repeated
    assert list(again) == list(rows)


def test_a_mask_of_everything_leaves_the_untrained_network(tmp_path):
    rows = recorded(replace(TINY, keep=1.0, output_keep=1.0, levels=1), tmp_path, RECIPE.execute)
    before, after = rows.values("loss")[:2]
    masked = rows.where(values="init", level=1).values("loss")
    assert masked == pytest.approx([before] * 27)
    assert before != pytest.approx(after)


USUAL = {("large_final", "any", "init"): 0.4, ("large_final", "same", "init"): 0.8}
USUAL |= {("large_final", "same", "constant"): 0.87, ("large_final", "diff", "init"): 0.05}
USUAL |= {("random", "any", "init"): 0.1, ("random", "same", "init"): 0.5}


def table(**changed):
    """Two levels, the second the better; two seeds."""
    better = USUAL | {tuple(key.split("/")): value for key, value in changed.items()}
    rows = [
        {"label": LABEL, "seed": seed, "criterion": c, "sign": s, "values": v, "level": level, "density": 0.5**level}
        | {"accuracy": best - 0.02 * (2 - level) + 0.01 * seed}
        for (c, s, v), best in better.items()
        for level in (1, 2)
        for seed in (0, 1)
    ]
    return Records([{"label": LABEL, "seed": 0, "network": "after training", "accuracy": 0.98}, *rows])


@pytest.mark.parametrize(
    ("claim", "ours", "failing"),
    [
        ("ZH-5", 40.5, {"large_final/any/init": 0.2}),
        ("ZH-5", 40.5, {"random/any/init": 0.2}),
        ("ZH-5-sign", 80.5, {"large_final/same/init": 0.6}),
        ("ZH-6", 87.5, {"large_final/same/constant": 0.7}),
        ("ZH-6", 87.5, {"large_final/same/init": 0.9}),
        ("ZH-8", 37.0, {"large_final/same/constant": 0.7}),
    ],
)
def test_verdicts_are_of_the_best_level(claim, ours, failing):
    outcome = measured(RECIPE, claim, table())
    assert outcome.holds
    assert outcome.ours == pytest.approx(ours)
    assert outcome.n == 2
    assert not measured(RECIPE, claim, table(**failing)).holds


def test_full_is_one_training_of_the_paper_per_seed():
    (stage,) = RECIPE.stages("full")
    assert (stage.config.epochs, stage.config.levels, len(stage.seeds)) == (55, 24, 5)


def test_figures(tmp_path):
    assert RECIPE.draw(Records([]), tmp_path) == []
    assert [figure.name for figure in RECIPE.draw(table(), tmp_path)] == ["untrained", "levels"]
