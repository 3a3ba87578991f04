import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from rewire.experiments import Context
from rewire.experiments.light_switch.sinusoid.claims import CLAIMS, spearman
from rewire.experiments.light_switch.sinusoid.figures import draw
from rewire.experiments.light_switch.sinusoid.recipe import RECIPE, execute
from rewire.experiments.light_switch.sinusoid.runs import GRADIENTS, gradient, penalty
from rewire.experiments.light_switch.sinusoid.stages import Config, stages
from rewire.figures import save
from rewire.runs import JsonLines, Records, read_records

SMALL = Config(tasks=3, train=40, test=20, hidden=8, steps=20, snapshots=10)
MEASURE = {claim.id: claim.measure for claim in CLAIMS}


def run(tmp_path: Path, config: Config, label: str = "gated", seed: int = 0) -> list[dict]:
    sink = JsonLines(tmp_path / f"{label}.jsonl")
    (tmp_path / label).mkdir()
    execute(config, Context(seed, tmp_path / label, sink))
    return [{"label": label, "seed": seed} | row for row in read_records(sink.path)]


def outcome(claim: str, rows: list[dict]):
    found = MEASURE[claim](Records(rows))
    assert found is not None
    return found


@pytest.fixture(scope="module")
def rows(tmp_path_factory) -> list[dict]:
    """Every kind of stage, far too short."""
    folder = tmp_path_factory.mktemp("sinusoid")
    configs = {
        "formulas": replace(SMALL, problem="formulas"),
        "gated": SMALL,
        "hard": replace(SMALL, model="hard"),
        "shared": replace(SMALL, model="shared"),
        "separate": replace(SMALL, model="separate", speed="1"),
        "none": SMALL,
        "absolute 0.2": replace(SMALL, penalty="absolute", weight=0.2),
        "gaussian 0.2": replace(SMALL, penalty="gaussian", weight=0.2),
    }
    return [row for label, config in configs.items() for row in run(folder, config, label)]


def test_a_gated_run_records_losses_and_what_its_masks_look_like(rows):
    gated = Records(rows).where(label="gated")
    assert sorted(set(gated.values("step"))) == list(range(0, 21, 2))
    assert len(gated.where(split="test", step=20)) == 3
    start = gated.where(layer=2, step=0)
    assert start.values("undecided") == [1.0]
    assert start.values("kurtosis") == [pytest.approx(1.8, abs=0.5)]  # a uniform initialisation
    assert [len(matrix) for matrix in gated.where(step=20).values("distances")] == [3, 3, 3]
    [masks] = gated.where(layer=1).values("masks")
    assert [sum(counts) for counts in masks] == [16, 16, 16]  # 2 × 8 weights for each task


def test_hard_masks_are_all_decided(rows):
    assert set(Records(rows).where(label="hard").values("undecided")) == {0.0}


def test_a_plain_network_records_no_masks(rows):
    assert not Records(rows).where(label="shared").values("layer")


@pytest.mark.parametrize("claim", [claim.id for claim in CLAIMS])
def test_every_claim_answers_from_real_records_and_not_from_none(rows, claim):
    assert outcome(claim, rows).note
    assert MEASURE[claim](Records([])) is None
    assert MEASURE[claim](Records([{"label": "shared", "seed": 0, "step": 0}])) is None


def test_formulas_hold_from_real_records(rows):
    assert outcome("LS-3d", rows).holds
    assert outcome("LS-3f", rows).holds
    assert "0.70" in outcome("LS-3d", rows).note  # the grid's nearest to 1/√2


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_by_hand_are_autograds(name):
    theta = torch.tensor([-3.0, -0.5, 0.0, 0.5, 3.0], dtype=torch.float64)
    torch.testing.assert_close(gradient(name, theta), GRADIENTS[name](theta))
    assert gradient(name, theta)[2] == 0


def test_a_wrong_gradient_fails_the_claim(rows):
    bad = [row | {"autograd": [g + 0.01 for g in row["autograd"]]} if "autograd" in row else row for row in rows]
    assert not outcome("LS-3d", bad).holds


def test_figures_draw(rows, tmp_path):
    figures = draw(Records(rows), tmp_path)
    assert {"fig2-weights", "fig3-masks", "fig4-gradients", "fig5-regularisers"} <= {f.name for f in figures}
    for figure in figures:
        assert save(figure, tmp_path).png.stat().st_size > 5000
    assert draw(Records([]), tmp_path) == []


def layer_rows(kurtosis: list[float], layer: int = 2) -> list[dict]:
    extra = {"near_zero": 0.1, "modes": 0.1}
    rows = [{"step": s, "layer": layer, "kurtosis": k} | extra for s, k in enumerate(kurtosis)]
    rows = [row | {"near_zero": s / 10, "modes": s / 10} for s, row in enumerate(rows)]
    return [row | {"label": "gated", "seed": seed} for row in rows for seed in (0, 1)]


@pytest.mark.parametrize(("kurtosis", "holds"), [([1.8, 2.0, 3.0, 5.0], True), ([1.8, 5.0, 1.0, 2.0], False)])
def test_spikier_means_a_kurtosis_that_rises(kurtosis, holds):
    assert outcome("LS-3a", layer_rows(kurtosis)).holds is holds


@pytest.mark.parametrize(("second", "holds"), [(0.01, True), (0.3, False)])
def test_layer_two_must_be_more_alike_than_layer_one(second, holds):
    sizes = {1: 0.1, 2: second}
    rows = [
        {"label": "gated", "seed": 0, "layer": layer, "distances": [[0.0, d], [d, 0.0]], "matched": d}
        for layer, d in sizes.items()
    ]
    found = outcome("LS-3b", rows)
    assert (found.holds, found.ours) == (holds, second)


def test_undecided_masks_must_remain_in_every_seed():
    rows = [
        {"label": "gated", "seed": seed, "step": step, "layer": layer, "undecided": 1.0 if step == 0 else end}
        for seed, end in ((0, 0.4), (1, 0.2))
        for step in (0, 9)
        for layer in (1, 2, 3)
    ]
    assert outcome("LS-3c", rows).ours == pytest.approx(0.3)
    assert outcome("LS-3c", rows).holds
    decided = [row | {"undecided": 0.0} if (row["seed"], row["step"]) == (1, 9) else row for row in rows]
    assert not outcome("LS-3c", decided).holds


@pytest.mark.parametrize(("absolute", "holds"), [(0.2, True), (0.05, False)])
def test_no_regulariser_at_any_weight_may_win(absolute, holds):
    final = {"none": 0.1, "absolute 0.2": absolute, "absolute 1": 0.5, "gaussian 0.2": 0.3}
    rows = [
        {"label": label, "seed": seed, "step": step, "split": "test", "mse": mse * (10 if step == 0 else 1)}
        for label, mse in final.items()
        for seed in (0, 1, 2)
        for step in (0, 7)
    ]
    assert (outcome("LS-3e", rows).holds, outcome("LS-3e", rows).n) == (holds, 3)


@pytest.mark.parametrize(("data", "loss", "holds"), [(1e-16, 1e-14, True), (1e-3, 1e-14, False), (1e-16, 0.1, False)])
def test_cosine_tasks_must_equal_shifted_sines(data, loss, holds):
    rows = [{"label": "formulas", "seed": 0, "wave_data": data, "wave_loss": loss, "wave_steps": 5}]
    assert outcome("LS-3f", rows).holds is holds


def test_rank_correlation_with_ties():
    assert spearman([1, 1, 2, 2]) == pytest.approx(2 / math.sqrt(5))


def test_bad_options_are_named(tmp_path):
    with pytest.raises(ValueError, match="problem must be"):
        run(tmp_path, replace(SMALL, problem="sinusoids"), "a")
    with pytest.raises(ValueError, match="penalty must be"):
        penalty("abs", 1.0)


def test_stages_are_distinct_and_full_is_the_default():
    labels = [stage.label for stage in stages("full")]
    assert len(set(labels)) == len(labels)
    assert {stage.label: stage.config for stage in stages("full")}["gated"] == Config()
    assert [claim.id for claim in RECIPE.claims] == [f"LS-3{letter}" for letter in "abcdef"]
