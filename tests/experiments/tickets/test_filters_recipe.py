"""tickets/filters: what its runs record, on bundled digits, and the verdicts on hand-made records."""

import json

import pytest
import torch
from search_case import claimed, context, recorded

from rewire.experiments.tickets.filters import runs
from rewire.experiments.tickets.filters.costs import network
from rewire.experiments.tickets.filters.recipe import RECIPE, execute
from rewire.experiments.tickets.filters.stages import COSTS, NETWORKS, PUBLISHED, TRAINED, CostConfig, FilterConfig
from rewire.runs import Records

TINY = FilterConfig(dataset="digits", train_images=200, batch_size=50, epochs=2, retrain_epochs=1, keeps=(0.5,))
HALVED = 3 * 25 * 28**2 + 8 * 3 * 25 * 10**2 + 200 * 120 + 120 * 84 + 84 * 10  # multiply-adds with 3 and 8 filters


def test_a_run_records_each_state_of_the_network_and_its_costs(tmp_path):
    rows = recorded(TINY, tmp_path, execute)
    states = [row["state"] for row in rows if "state" in row]
    assert states == ["dense", "longer", "pruned", "retrained", "scratch"]
    dense, *_, scratch = (row for row in rows if "state" in row)
    assert (dense["parameters"], dense["multiply_adds"]) == (61_706, 416_520)
    assert (scratch["parameters"], scratch["multiply_adds"]) == (35_820, HALVED)
    assert [row["mode"] for row in rows if "difference" in row] == ["evaluation", "training"]
    assert max(row["difference"] for row in rows if "difference" in row) < 1e-5


def test_a_killed_run_ends_with_the_same_bytes(tmp_path, monkeypatch):
    recorded(TINY, tmp_path / "whole", execute)
    calls, trained = [], runs.trained

    def dying(model, train, folder):
        calls.append(folder)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return trained(model, train, folder)

    monkeypatch.setattr(runs, "trained", dying)
    with pytest.raises(KeyboardInterrupt):
        execute(TINY, context(tmp_path / "killed"))
    calls.clear()
    monkeypatch.setattr(runs, "trained", trained)
    recorded(TINY, tmp_path / "killed", execute)
    assert (tmp_path / "killed/metrics.jsonl").read_bytes() == (tmp_path / "whole/metrics.jsonl").read_bytes()


def test_costs_need_no_data(tmp_path):
    config = CostConfig(networks=("LeNet-5",), keeps=(0.5,), draws=1, batch=2, repeats=1)
    rows = recorded(config, tmp_path, execute)
    dense, shrunk = (row for row in rows if row["network"] == "LeNet-5" and "parameters" in row)
    assert (dense["keep"], shrunk["keep"], shrunk["multiply_adds"]) == (1.0, 0.5, HALVED)
    assert shrunk["faster"] > 0
    published = [row for row in rows if row["network"] == PUBLISHED]
    assert [row["multiply_adds"] for row in published] == [313_463_808, 206_279_680]


def test_networks_to_measure_are_the_seeds_and_have_statistics():
    (one, x), (other, y) = (network("VGG-7", 2, torch.Generator().manual_seed(1)) for _ in range(2))
    assert torch.equal(one(x), other(y))
    assert one[1].running_mean.all()


def costs(difference=1e-7, small=206) -> list[dict]:
    rows = []
    for name in NETWORKS:
        rows += [{"network": name, "keep": 1.0, "parameters": 100, "multiply_adds": 10**6}]
        rows += [{"network": name, "keep": 0.5, "parameters": 50, "multiply_adds": 10**5, "faster": 2.0}]
        rows += [{"network": name, "keep": 0.5, "mode": "training", "difference": difference}]
    rows += [{"network": PUBLISHED, "state": "dense", "parameters": 100, "multiply_adds": 313}]
    rows += [{"network": PUBLISHED, "state": "shrunk", "parameters": 36, "multiply_adds": small}]
    return [{"label": COSTS, "seed": seed, **row} for seed in range(3) for row in rows]


def trainings(retrained=0.985, mild=0.5) -> list[dict]:
    rows = []
    for state, keep, accuracy in (
        ("dense", 1.0, 0.98),
        ("longer", 1.0, 0.988),
        *((state, keep, 0.9) for state in ("pruned", "scratch") for keep in (0.9, 0.75, 0.5)),
        *(("retrained", keep, value) for keep, value in ((0.9, 0.99), (0.75, retrained), (0.5, 0.97))),
    ):
        macs = {1.0: 100, 0.9: 80, 0.75: 60, 0.5: 30}[keep]
        rows.append({"state": state, "keep": keep, "accuracy": accuracy, "multiply_adds": macs})
    return [{"label": TRAINED, "seed": seed, **row} for seed in range(3) for row in rows]


@pytest.mark.parametrize(("difference", "holds"), [(1e-7, True), (1e-3, False)])
def test_outputs_are_equal_within_rounding(difference, holds):
    outcome = claimed(RECIPE, "LT-10a").measure(Records(costs(difference)))
    assert outcome.holds is holds
    assert outcome.ours == difference


def test_outputs_of_a_missing_network_decide_nothing():
    rows = Records([row for row in costs() if row["network"] != "VGG-7"])
    assert not claimed(RECIPE, "LT-10a").measure(rows).holds


@pytest.mark.parametrize(("retrained", "holds"), [(0.985, True), (0.981, False)])
def test_the_loss_is_that_of_the_mildest_pruning_that_spares_a_third(retrained, holds):
    outcome = claimed(RECIPE, "LT-10b").measure(Records(trainings(retrained)))
    assert outcome.ours == pytest.approx(100 * (0.988 - retrained))
    assert outcome.holds is holds
    assert "spares 40% of the multiply-adds" in outcome.note
    assert "from nothing" in outcome.note
    short = [row for row in trainings(retrained) if row["state"] != "scratch"]
    assert "from nothing" not in claimed(RECIPE, "LT-10b").measure(Records(short)).note


@pytest.mark.parametrize(("small", "holds"), [(206, True), (250, False)])
def test_a_third_of_the_multiply_adds_goes(small, holds):
    outcome = claimed(RECIPE, "LT-10c").measure(Records(costs(small=small)))
    assert outcome.holds is holds
    assert all(name in outcome.note for name in NETWORKS)


def test_figures_draw_what_there_is(tmp_path):
    timed = [
        {**row, "microseconds": 1.0} if row["network"] != PUBLISHED and "parameters" in row else row for row in costs()
    ]
    drawn = RECIPE.draw(Records([*trainings(), *timed]), tmp_path)
    assert [figure.name for figure in drawn] == ["accuracy", "costs"]
    assert RECIPE.draw(Records([]), tmp_path) == []
    assert json.dumps([figure.rows for figure in drawn])


def test_full_trains_for_longer_on_more_images():
    (full, _), (quick, _) = (RECIPE.stages(budget) for budget in ("full", "quick"))
    assert full.config == FilterConfig()
    assert full.config.epochs * 60_000 > 10 * quick.config.epochs * quick.config.train_images
    assert len(quick.seeds) == 3
