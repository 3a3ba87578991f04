"""tickets/obd: a small run on real digits, killed and resumed, and verdicts on hand-made records."""

from dataclasses import replace

import pytest
import torch
from search_case import Killed, claimed, context, recorded
from torch import nn

from rewire.experiments.tickets.obd import runs
from rewire.experiments.tickets.obd.recipe import RECIPE
from rewire.experiments.tickets.obd.stages import (
    CUT,
    HUTCHINSON,
    ITERATED,
    LABEL,
    MAGNITUDE,
    OBD,
    ONE_SHOT,
    PRINTED,
    RANDOM,
    SCOPES,
    ObdConfig,
)
from rewire.experiments.tickets.shared import trained
from rewire.masks import score
from rewire.runs import Records

TINY = ObdConfig(
    dataset="digits",
    train_images=300,
    validation=100,
    batch_size=50,
    epochs=4,
    keep=0.5,
    levels=2,
    lefts=(0.5, 0.1),
    retrained=(0.25,),
    retrain_epochs=1,
    curvature_batches=6,
)


@pytest.fixture(scope="module")
def records(tmp_path_factory) -> Records:
    return recorded(TINY, tmp_path_factory.mktemp("obd"), RECIPE.execute)


def test_a_run_cuts_by_everything_and_retrains_the_rivals(records):
    assert len(records.where(part="dense")) == 1
    cut = records.where(part=CUT)
    assert len(cut) == 5 * 2 * 2
    assert set(cut.by("criterion")) == {OBD, HUTCHINSON, PRINTED, MAGNITUDE, RANDOM}
    for scope in SCOPES:
        once = records.where(part=ONE_SHOT, scope=scope)
        assert once.values("criterion") == [OBD, MAGNITUDE]
        assert once.values("density") == pytest.approx([0.25] * 2, abs=1e-3)
    iterated = records.where(part=ITERATED, criterion=OBD)
    assert iterated.values("density") == pytest.approx([0.5, 0.25], abs=1e-3)
    assert all(value > 0.5 for value in iterated.values("accuracy"))
    assert all(0 <= value <= 1 for value in iterated.values("cut_accuracy"))


def test_the_curvature_is_measured_once_for_one_cut_and_anew_at_every_level(tmp_path, monkeypatch):
    calls = []
    measure = runs.curvature
    monkeypatch.setattr(
        runs, "curvature", lambda *given, **more: calls.append(more["method"]) or measure(*given, **more)
    )
    recorded(replace(TINY, epochs=1), tmp_path / "run", RECIPE.execute)
    assert calls == ["gauss-newton", "hutchinson", "gauss-newton", *["gauss-newton"] * TINY.levels]


def test_a_killed_run_ends_with_the_same_records(tmp_path, monkeypatch, records):
    evaluate, seen = trained.evaluate, []

    def dies(*given):
        seen.append(given)
        if len(seen) == 5:
            raise Killed
        return evaluate(*given)

    monkeypatch.setattr(trained, "evaluate", dies)
    with pytest.raises(Killed):
        RECIPE.execute(TINY, context(tmp_path / "run"))
    monkeypatch.setattr(trained, "evaluate", evaluate)
    assert recorded(TINY, tmp_path / "run", RECIPE.execute).rows == records.rows


def test_saliencies_add_up_to_what_is_cut():
    model = nn.Linear(3, 1, bias=False)
    scores = {"weight": torch.tensor([[1.0, 2.0, 4.0]])}
    mask = runs.Mask({"weight": torch.tensor([[False, True, False]])})
    assert runs._lost(scores, mask) == 5.0
    cut = runs._cut(model, mask)
    assert torch.equal(cut.weight[0], torch.stack([torch.tensor(0.0), model.weight[0, 1].detach(), torch.tensor(0.0)]))
    assert (model.weight != 0).all()


def test_as_printed_ranks_negative_weights_below_positive_ones():
    evidence = {"final": {"w": torch.tensor([-3.0, -0.1, 0.1, 3.0])}, "curvature": {"w": torch.ones(4)}}
    assert score(runs.as_printed, evidence)["w"].argsort().tolist() == [0, 1, 2, 3]
    assert score("obd", evidence)["w"].tolist() == pytest.approx([4.5, 0.005, 0.005, 4.5])


def hand_made(once=0.01, later=0.01, loss=-0.1, printed=0.1) -> Records:
    """Two seeds; OBD is that much better than magnitude."""
    rows = []
    for seed in (0, 1):
        base = {"label": LABEL, "seed": seed}
        rows.append(base | {"part": "dense", "accuracy": 0.97, "loss": 0.1})
        for name, sign in ((OBD, 1), (MAGNITUDE, 0), (HUTCHINSON, 0), (PRINTED, 0), (RANDOM, 0)):
            mine = base | {"criterion": name}
            for scope in SCOPES:
                for left in (0.7, 0.5, 0.1):
                    accuracy = printed if name == PRINTED else 0.9 + 0.01 * seed
                    gain = sign * loss if left >= 0.5 else 9.0
                    rows.append(
                        mine | {"part": CUT, "scope": scope, "left": left, "accuracy": accuracy, "loss": 0.3 + gain}
                        | {"predicted": 0.2}
                    )  # fmt: skip
                for left in (0.3, 0.03):
                    accuracy = 0.9 + sign * once + 0.01 * seed
                    rows.append(
                        mine | {"part": ONE_SHOT, "scope": scope, "left": left, "density": left, "accuracy": accuracy}
                    )
            for density in (0.31, 0.03):
                accuracy = 0.95 + sign * later
                rows.append(mine | {"part": ITERATED, "scope": "global", "density": density, "accuracy": accuracy})
    return Records(rows)


@pytest.mark.parametrize(
    ("name", "changed", "ours", "holds"),
    [
        ("LT-8", {}, 1.0, True),
        ("LT-8", {"once": -0.02}, -2.0, False),
        ("LT-8-layer", {"once": -0.02}, -2.0, False),
        ("LT-8-iterated", {}, 1.0, True),
        ("LT-8-iterated", {"later": -0.005}, -0.5, False),
        ("LT-8-loss", {}, -0.1, True),
        ("LT-8-loss", {"loss": 0.2}, 0.2, False),
        ("LT-8-step-4", {}, 10.0, False),
        ("LT-8-step-4", {"printed": 0.92}, 92.0, True),
    ],
)
def test_verdicts(name, changed, ours, holds):
    outcome = claimed(RECIPE, name).measure(hand_made(**changed))
    assert outcome.ours == pytest.approx(ours)
    assert (outcome.holds, outcome.n) == (holds, 2)


def test_claims_without_records_are_not_measured():
    for claim in RECIPE.claims:
        with pytest.raises(LookupError, match=r"no (accuracy|loss) of"):
            claim.measure(Records([{"seed": 0, "part": "dense", "accuracy": 0.9, "loss": 0.1}]))


def test_figures_follow_the_records(records, tmp_path):
    rows = Records([{**row, "label": LABEL, "seed": seed} for row in records for seed in (0, 1)])
    assert [figure.name for figure in RECIPE.draw(rows, tmp_path)] == ["cut", "prediction", "retrained"]
    assert RECIPE.draw(Records([]), tmp_path) == []
