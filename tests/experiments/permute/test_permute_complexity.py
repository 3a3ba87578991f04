"""permute/complexity: counts, exponents and norms on small configs, verdicts on hand-made records."""

import math

import pytest
import torch
from permute_case import claimed, recorded

from rewire.experiments.permute.complexity.claims import exponent
from rewire.experiments.permute.complexity.listing import listed_cycles
from rewire.experiments.permute.complexity.recipe import RECIPE
from rewire.experiments.permute.complexity.runs import drift
from rewire.experiments.permute.complexity.stages import COUNTS, EDGES, NORMS, TIMES, ComplexityConfig, stages
from rewire.figures import save
from rewire.runs import Records


def test_all_cycles_of_small_graphs():
    assert [listed_cycles(n) for n in range(2, 8)] == [1, 5, 20, 84, 409, 2365]


def test_counts_equal_the_formula_and_exceed_the_power_from_four_on(tmp_path):
    records = recorded(RECIPE, ComplexityConfig(vertices=6), tmp_path, label=COUNTS)
    counted = claimed(RECIPE, "P2-7").measure(records)
    assert (counted.ours, counted.holds) == (409, True)
    assert "1, 5, 20, 84, 409, listed one by one; ÷ 2^N rises" in counted.note
    bound = claimed(RECIPE, "P2-7-bound").measure(records)
    assert (bound.ours, bound.holds) == (4, False)
    wrong = Records([{**row, "listed": row["listed"] + (row["vertices"] == 5)} for row in records])
    assert not claimed(RECIPE, "P2-7").measure(wrong).holds


def test_graphs_grow_as_the_paper_says(tmp_path):
    records = recorded(RECIPE, ComplexityConfig(EDGES, n=512), tmp_path, label=EDGES)
    outcome = claimed(RECIPE, "P2-8").measure(records)
    assert outcome.holds
    assert abs(outcome.ours) < 0.3


def grown(label, of, n, partition, aggressiveness):
    orders = {"n": n, "partition": partition, "aggressiveness": aggressiveness}
    return [
        {"label": label, "seed": seed, "axis": axis, "value": x, of: 3 * x**order}
        for seed in (0, 1)
        for axis, order in orders.items()
        for x in (1, 2, 4)
    ]


@pytest.mark.parametrize(
    ("name", "label", "of", "orders", "ours", "holds"),
    [
        ("P2-8", EDGES, "edges", (2, 2, 1), 0.0, True),
        ("P2-8", EDGES, "edges", (2, 1.5, 1), -0.5, False),
        ("P2-8-time", TIMES, "milliseconds", (1.2, 0.6, 0.2), -0.4, True),
        ("P2-8-time", TIMES, "milliseconds", (2.5, 1, 1), 0.5, False),
    ],
)
def test_exponents(name, label, of, orders, ours, holds):
    outcome = claimed(RECIPE, name).measure(Records(grown(label, of, *orders)))
    assert outcome.ours == pytest.approx(ours)
    assert (outcome.holds, outcome.n) == (holds, 2)


def test_a_sync_sorts():
    lengths = (256, 1024, 4096)
    rows = [{"label": TIMES, "seed": 0, "length": n, "milliseconds": 2e-5 * n * math.log(n)} for n in lengths]
    outcome = claimed(RECIPE, "P2-8-sync").measure(Records(rows))
    assert outcome.holds
    assert outcome.ours == pytest.approx(1)
    squared = [{**row, "milliseconds": row["length"] ** 2} for row in rows]
    assert not claimed(RECIPE, "P2-8-sync").measure(Records(squared)).holds


def test_an_exponent_is_the_slope_on_logarithmic_axes():
    rows = [{"x": x, "y": 5 * x**1.5} for x in (1, 2, 8)] + [{"x": 3}]
    assert exponent(Records(rows), "x", "y") == pytest.approx(1.5)


def test_drift_is_zero_for_any_order_and_only_then():
    before = torch.randn(3, 500)
    after = torch.stack([row[torch.randperm(500)] for row in before])
    assert drift(before, after) == 0
    after[1, 7] *= 1.001
    assert drift(before, after) > 0


def test_training_by_permutation_keeps_norms_and_adam_does_not(tmp_path):
    records = recorded(RECIPE, ComplexityConfig(NORMS, steps=20), tmp_path, label=NORMS)
    outcome = claimed(RECIPE, "P2-8-norm").measure(records)
    assert (outcome.ours, outcome.holds) == (0, True)
    assert records.where(method="adam").values("drift")[0] > 0.001


def test_times_run_alone_and_are_drawn(tmp_path):
    assert [stage.label for stage in stages("quick") if stage.exclusive] == [TIMES]
    config = ComplexityConfig(TIMES, n=256, vectors=2, lengths=(32, 64), rounds=1)
    rows = recorded(RECIPE, config, tmp_path, label=TIMES)
    assert len(rows) == 3 * 4 + 2
    assert all(value > 0 for value in rows.values("milliseconds"))
    counts = recorded(RECIPE, ComplexityConfig(vertices=4), tmp_path / "counts", label=COUNTS)
    figures = RECIPE.draw(Records([*counts, *rows, *grown(EDGES, "edges", 2, 2, 1)]), tmp_path)
    assert [figure.name for figure in figures] == ["cycles", "graphs", "steps", "sync"]
    assert all(save(figure, tmp_path / "figures").png.stat().st_size > 5000 for figure in figures)


def test_an_unknown_measure_is_refused(tmp_path):
    with pytest.raises(ValueError, match="measure must be one of 'cycles', 'edges', 'times', 'norms'"):
        recorded(RECIPE, ComplexityConfig("time"), tmp_path)


def test_without_records_nothing_is_measured():
    for claim in RECIPE.claims:
        assert claim.measure(Records([])) is None
    assert RECIPE.draw(Records([]), None) == []
