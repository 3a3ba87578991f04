"""permute/rewire on the digits: zeros that move and zeros that stay; its verdicts on hand-made records."""

import math
from dataclasses import replace

import pytest
import torch
from permute_training import TINY, Killed, as_records, claimed, context, curve, killed_after, once, recorded

from rewire.experiments.permute.rewiring import runs
from rewire.experiments.permute.rewiring.recipe import RECIPE
from rewire.experiments.permute.rewiring.stages import (
    END,
    FIXED,
    FULL,
    PERMUTED,
    QUICK,
    REWIRED,
    START,
    WEIGHTS,
    RewireConfig,
)
from rewire.figures import save
from rewire.runs import Records, read_tensors

SMALL = RewireConfig(**TINY | {"early": 0, "k": 4, "permuted": 20})


@pytest.fixture(scope="module")
def rewired(tmp_path_factory):
    directory = tmp_path_factory.mktemp("rewired")
    return directory, recorded(SMALL, directory, runs.run)


def test_zeros_move_then_stay(rewired):
    directory, records = rewired
    assert records.values("step") == [0, 10, 20, 30]
    moving, staying = records.where(to=PERMUTED), records.where(to=END)
    assert all(row["hamming"] > 0 and row["vectors"] for row in moving)
    assert [row["hamming"] for row in staying] == [0.0] * 3
    assert records.where(when=PERMUTED).values("permuted") == [True]
    weights, _ = read_tensors(directory / WEIGHTS)
    assert set(weights) == {START, PERMUTED, END}
    assert not torch.equal(weights[PERMUTED], weights[END])
    assert torch.equal(weights[PERMUTED] != 0, weights[END] != 0)


def test_zeros_stay_from_the_start_without_a_first_phase(tmp_path):
    records = recorded(replace(SMALL, method="adam", permuted=0), tmp_path, runs.run)
    assert records.values("hamming") == [0.0] * 3
    assert {row["from"] for row in records.rows if "from" in row} == {START}
    assert records.values("density") == pytest.approx([0.1] * 3, abs=1e-3)


@pytest.mark.parametrize("batches", [13, 26])
def test_a_run_killed_in_either_phase_ends_with_the_same_bytes(tmp_path, rewired, batches):
    with pytest.MonkeyPatch.context() as patch:
        killed_after(patch, batches)
        with pytest.raises(Killed):
            runs.run(SMALL, context(tmp_path, checkpoint_every=0))
    recorded(SMALL, tmp_path, runs.run)
    for name in ("metrics.jsonl", WEIGHTS):
        assert (tmp_path / name).read_bytes() == (rewired[0] / name).read_bytes()


def test_both_networks_begin_with_the_same_zeros(tmp_path, rewired):
    recorded(replace(SMALL, method="adam", permuted=0, steps=1), tmp_path, runs.run)
    first, second = (read_tensors(directory / WEIGHTS)[0][START] for directory in (tmp_path, rewired[0]))
    assert torch.equal(first, second)


def test_the_printed_number_of_configurations():
    fan_ins = (784, 500, 300)
    weights = {str(n): torch.ones(rows, n) for n, rows in zip(fan_ins, (500, 300, 10))}
    assert runs.configurations(weights)["log10_printed"] == pytest.approx(1_158_714, abs=1)
    assert runs.log10_factorial(20) == pytest.approx(math.log10(math.factorial(20)))
    some = torch.tensor([[0.0, 0.0, 0.0, 1.0], [1.0, 0.0, 1.0, 0.0]])
    counted = runs.configurations({"w": some})
    assert counted["log10_counted"] == pytest.approx(math.log10(6 * 2))
    assert counted["left"] == 3


def hand_made(phase=0.6, later=0.01, hamming=0.1, frozen=0.0, vectors=True, printed=1_158_714.0) -> Records:
    steps = {0: 0.1, 450: phase, 900: phase, 1200: phase, 1500: phase}
    tables = []
    for label in (REWIRED, FIXED):
        end = 0.97 + (later if label == REWIRED else 0.0)
        values = steps | {2400: 0.97, 4000: end, 4800: end}
        tables.append(curve(label, {step: [value] * 3 for step, value in values.items()}))
        tables.append(once(label, log10_printed=printed, log10_counted=1.16e6, left=54_500))
        for layer in ("1.weight", "3.weight"):
            moved = (
                {(START, PERMUTED): hamming, (PERMUTED, END): frozen} if label == REWIRED else {(START, END): frozen}
            )
            for (first, last), distance in moved.items():
                row = {"from": first, "to": last, "layer": layer, "vectors": vectors, "hamming": distance}
                tables.append(once(label, **row))
    tables.append(once(REWIRED, permuted=True, when=PERMUTED))
    return as_records(*tables)


@pytest.mark.parametrize(
    ("name", "changed", "ours", "holds"),
    [
        ("P2-15", {}, 60.0, True),
        ("P2-15", {"phase": 0.75}, 75.0, False),
        ("P2-15-later", {}, 1.0, True),
        ("P2-15-later", {"later": -0.01}, -1.0, False),
        ("P2-16", {}, 0.1, True),
        ("P2-16", {"hamming": 0.0}, 0.0, False),
        ("P2-16", {"vectors": False}, 0.1, False),
        ("P2-16-frozen", {}, 0.0, True),
        ("P2-16-frozen", {"frozen": 0.001}, 0.001, False),
        ("P2-17", {}, 1_158_714, True),
        ("P2-17", {"printed": 1.2e6}, 1.2e6, False),
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


@pytest.mark.parametrize("config", [FULL, QUICK])
def test_the_first_phase_ends_with_a_sync_before_the_learning_rate_falls(config):
    assert config.permuted % config.k == 0
    assert config.permuted < config.drops[0] * config.steps
    assert config.permuted in set(range(0, config.early + 1, config.early_every)) | {1500}


def test_figures_follow_the_records(tmp_path, rewired):
    assert RECIPE.draw(Records([]), tmp_path) == []
    assert [figure.name for figure in RECIPE.draw(hand_made(), tmp_path)] == ["accuracy"]
    (tmp_path / "default-44136f").mkdir()
    (tmp_path / "default-44136f" / "seed0").symlink_to(rewired[0])
    figures = RECIPE.draw(hand_made(), tmp_path)
    assert [figure.name for figure in figures] == ["accuracy", "connections", "connections-zoom"]
    assert save(figures[1], tmp_path).png.exists()
