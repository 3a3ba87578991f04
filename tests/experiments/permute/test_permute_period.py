"""permute/period on the digits, and its verdicts on hand-made records."""

from dataclasses import replace

import pytest
from permute_training import TINY, Killed, as_records, claimed, context, curve, killed_after, recorded

from rewire.experiments.permute.period.recipe import RECIPE
from rewire.experiments.permute.period.stages import ADAM, AUTO, FULL, PERIODS, label
from rewire.figures import save
from rewire.runs import Records

SMALL = replace(FULL, **TINY | {"steps": 21, "evaluate_every": 7, "k": 4})


@pytest.mark.parametrize("k", [4, 0])
def test_a_run_logs_what_its_syncs_move_and_keeps_the_values(tmp_path, k):
    records = recorded(replace(SMALL, k=k, drops=()), tmp_path, RECIPE.execute)
    assert records.values("step") == [0, 7, 14, 21]
    assert records.values("moved")[0] == 0
    assert records.values("moved")[-1] > 0
    assert len(records.values("mobility")) == 4
    assert records.values("permuted") == [True]


def test_a_killed_run_ends_with_the_same_bytes(tmp_path):
    recorded(SMALL, tmp_path / "whole", RECIPE.execute)
    with pytest.MonkeyPatch.context() as patch:
        killed_after(patch, 10)  # between two syncs
        with pytest.raises(Killed):
            RECIPE.execute(SMALL, context(tmp_path / "killed", checkpoint_every=0))
    recorded(SMALL, tmp_path / "killed", RECIPE.execute)
    whole, killed = ((tmp_path / name / "metrics.jsonl").read_bytes() for name in ("whole", "killed"))
    assert killed == whole


def hand_made(large=0.98, auto=0.98, stall=0.1) -> Records:
    ks = PERIODS["quick"]
    accuracy = {label(k): 0.96 if k == min(ks) else large for k in ks} | {AUTO: auto, ADAM: 0.98}
    tables = []
    for name, value in accuracy.items():
        tables.append(curve(name, {step: [value] * 3 for step in (0, 100, 250, 500, 750, 1000)}))
        if name != ADAM:
            late = 0.5 * (stall if name == label(min(ks)) else 1.0)
            moved = {100: 0.5, 500: 0.5, 750: late, 1000: late}
            tables.append(curve(name, {step: [part] * 3 for step, part in moved.items()}, "moved"))
            tables.append(curve(name, {step: [10.0] * 3 for step in moved}, "mobility"))
    return as_records(*tables)


@pytest.mark.parametrize(
    ("name", "changed", "ours", "holds"),
    [
        ("P2-19", {}, 2.0, True),
        ("P2-19", {"large": 0.95}, 0.0, False),
        ("P2-19-stall", {}, 0.1, True),
        ("P2-19-stall", {"stall": 0.9}, 0.9, False),
        ("P2-19-auto", {}, 0.0, True),
        ("P2-19-auto", {"auto": 0.97}, -1.0, False),
    ],
)
def test_verdicts(name, changed, ours, holds):
    outcome = claimed(RECIPE, name).measure(hand_made(**changed))
    assert outcome.holds is holds
    assert outcome.ours == pytest.approx(ours)


def test_claims_without_records_are_not_measured():
    for claim in RECIPE.claims:
        with pytest.raises(LookupError):
            claim.measure(Records([{"label": "another", "seed": 0}]))


def test_figures_follow_the_records(tmp_path):
    assert RECIPE.draw(Records([]), tmp_path) == []
    figures = RECIPE.draw(hand_made(), tmp_path)
    assert [figure.name for figure in figures] == ["training", "periods"]
    assert all(save(figure, tmp_path).png.exists() for figure in figures)


@pytest.mark.parametrize("budget", ["quick", "full"])
def test_only_k_differs(budget):
    *laperm, adam = RECIPE.stages(budget)
    assert [stage.config.k for stage in laperm] == [*PERIODS[budget], 0]
    assert len({replace(stage.config, k=1) for stage in laperm}) == 1
    assert adam.config == replace(laperm[0].config, k=10, method="adam")
    assert all(len(stage.seeds) >= 3 for stage in RECIPE.stages(budget))
