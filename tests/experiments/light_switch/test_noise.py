"""The recipe of noisy linear tasks: its stages and its claims on hand-made records."""

from itertools import chain

import pytest

from rewire.experiments.claim import judge
from rewire.experiments.light_switch.noise import recipe as noise
from rewire.figures import save
from rewire.runs import Records

CLAIMS = {claim.id: claim for claim in noise.RECIPE.claims}
SIGMAS = (0.1, 0.4, 3.0)


def ending(label: str, errors: list[float], **more: float) -> list[dict]:
    return [
        {"label": label, "seed": seed, "step": step, "mse": 2.0 if step == 0 else error} | more
        for seed, error in enumerate(errors)
        for step in (0, 100)
    ]


def figure(gated: list[float], separate=0.5, shared=0.8) -> Records:
    """Records of Fig 1, in both settings."""
    ends = {"gated": gated, "hard": [0.3] * len(gated), "shared": [shared] * len(gated)}
    ends |= {"separate 3T": [separate] * len(gated), "separate": [1.5] * len(gated)}
    rows = [ending(f"{setting} {label}", ends[label]) for setting in ("T=10", "T=50") for label in ends]
    return Records(list(chain(*rows)))


def sweep(wrong: list[float], shared: list[float], separate: list[float]) -> Records:
    """Records of the sweep, at three noises."""
    rows = []
    for place, sigma in enumerate(SIGMAS):
        for label, errors in (("gated", separate), ("hard", separate), ("shared", shared), ("separate 3T", separate)):
            more = {"wrong": wrong[place]} if label in ("gated", "hard") else {}
            rows += ending(f"σ={sigma:g} {label}", [errors[place], errors[place]], **more)
    return Records(rows)


def test_gated_below_both_rivals_on_eight_of_ten_seeds_reproduces_figure_1():
    row = judge(CLAIMS["LS-2a"], figure([0.2] * 8 + [0.6] * 2), "quick")
    assert (row["verdict"], row["n"]) == ("reproduced", 10)
    assert row["ours"] == pytest.approx(0.28)
    assert "gated is below separate 3T on 8, shared on 10" in row["note"]


@pytest.mark.parametrize(
    "records",
    [figure([0.2] * 7 + [0.6] * 3), figure([0.2] * 10, shared=0.19), figure([0.15] * 10)],
    ids=["seven seeds", "shared is better", "below the noise"],
)
def test_figure_1_is_not_reproduced_otherwise(records):
    assert judge(CLAIMS["LS-2a"], records, "full")["verdict"] == "not reproduced"


def test_the_artefact_is_told_where_it_was_run():
    records = Records([*figure([0.2] * 3), *ending("T=10 gated, zero_grad", [0.7] * 3)])
    assert "torch 1.6's zero_grad, T=10: gated, zero_grad 0.700" in judge(CLAIMS["LS-2a"], records, "full")["note"]


def test_more_noise_and_more_wrong_masks():
    row = judge(CLAIMS["LS-2b"], sweep([0.1, 0.2, 0.4], [0.8, 0.9, 9.0], [0.1, 0.3, 9.5]), "full")
    assert (row["verdict"], row["ours"]) == ("reproduced", pytest.approx(0.4))


@pytest.mark.parametrize(
    "columns",
    [
        ([0.1, 0.3, 0.2], [1, 2, 3], [1, 2, 3]),
        ([0.1, 0.2, 0.3], [1, 3, 2], [1, 2, 3]),
        ([0.1, 0.2, 0.3], [1, 2, 3], [1, 1, 1]),
    ],
    ids=["masks", "shared", "separate"],
)
def test_all_three_must_rise(columns):
    row = judge(CLAIMS["LS-2b"], sweep(*columns), "full")
    assert row["verdict"] == "not reproduced"


def test_the_short_sweep_decides_nothing():
    row = judge(CLAIMS["LS-2b"], sweep([0.1, 0.2, 0.4], [0.8, 0.9, 9.0], [0.1, 0.3, 9.5]), "quick")
    assert (row["verdict"], row["holds"]) == ("scaled", True)


def test_missing_stages_are_not_run():
    records = Records(ending("T=10 gated", [0.2]))
    assert {judge(claim, records, "full")["verdict"] for claim in CLAIMS.values()} == {"not run"}


def test_figure_1_runs_the_authors_settings_in_both_budgets():
    for budget in ("quick", "full"):
        stages = {stage.label: stage.config for stage in noise.stages(budget)}
        assert len(stages) == len(noise.stages(budget))
        for setting, (points, batch) in {"T=10": (32, 16), "T=50": (10, 10)}.items():
            config = stages[f"{setting} gated"]
            assert (config.n_train, config.batch_size, config.steps, config.lr) == (points, batch, 100_000, 3e-5)
            assert (config.noise, config.speed, len(config.seeds(0))) == (0.4, "3T", 10)
    assert stages["σ=0.4 gated"] == stages["T=10 gated"]  # of one directory, run once


def test_the_figures_are_drawn(tmp_path):
    noises = sweep([0.1, 0.2, 0.4], [0.8, 0.9, 9.0], [0.1, 0.3, 9.5])
    records = Records([*figure([0.2] * 3), *noises])
    figures = noise.draw(records, tmp_path)
    assert [figure.name for figure in figures] == ["noise-figure-1", "noise-sweep"]
    assert all(save(figure, tmp_path).png.stat().st_size > 10_000 for figure in figures)
