"""tickets/han: a small run on real digits, the compression it must reach, and verdicts on hand-made records."""

from dataclasses import replace

import pytest
import torch
from search_case import Killed, claimed, context, recorded
from torch import nn

from rewire.experiments.tickets.han import runs
from rewire.experiments.tickets.han.recipe import RECIPE
from rewire.experiments.tickets.han.stages import LENET, LENET_FULL, MLP, MLP_ONCE, HanConfig, stages
from rewire.experiments.tickets.shared import trained
from rewire.experiments.tickets.shared.networks import build
from rewire.masks import threshold
from rewire.runs import Records
from rewire.training import Streams

TINY = HanConfig(
    dataset="digits", train_images=300, validation=100, batch_size=50, epochs=4, levels=2, retrain_epochs=1
)


@pytest.fixture(scope="module")
def records(tmp_path_factory) -> Records:
    return recorded(TINY, tmp_path_factory.mktemp("han"), RECIPE.execute)


def test_a_run_reaches_the_compression_with_biases_counted(records):
    levels = records.where(split="test")
    assert levels.values("level") == [0, 1, 2]
    size = 64 * 300 + 300 * 100 + 100 * 10 + 410
    assert levels.values("parameters")[0] == size
    assert levels.values("parameters")[-1] == pytest.approx(size / 12, abs=1)
    assert levels.values("compression")[-1] == pytest.approx(12, abs=0.01)
    assert [len(records.where(level=level).by("layer")) for level in (0, 1, 2)] == [3, 3, 3]
    assert len(levels.values("cut_accuracy")) == 2
    assert records.values("quality")[0] > 0


def test_a_killed_run_ends_with_the_same_records(tmp_path, monkeypatch, records):
    evaluate, seen = trained.evaluate, []

    def dies(*given):
        seen.append(given)
        if len(seen) == 3:
            raise Killed
        return evaluate(*given)

    monkeypatch.setattr(trained, "evaluate", dies)
    with pytest.raises(Killed):
        RECIPE.execute(TINY, context(tmp_path / "run"))
    monkeypatch.setattr(trained, "evaluate", evaluate)
    assert recorded(TINY, tmp_path / "run", RECIPE.execute).rows == records.rows


def test_the_first_cut_is_han_s_threshold():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 6), nn.Linear(6, 3))
    weights = {name: weight.detach() for name, weight in model.named_parameters() if weight.dim() == 2}
    cutoffs = {name: 0.8 * weight.std(correction=0).item() for name, weight in weights.items()}
    mask = threshold({name: weight.abs() for name, weight in weights.items()}, cutoffs)
    found = runs.quality(model, mask)
    assert found >= 0.8
    lower = {name: 0.999 * found * weight.std(correction=0).item() for name, weight in weights.items()}
    assert threshold({name: weight.abs() for name, weight in weights.items()}, lower) == mask


def test_retraining_takes_a_tenth_of_the_rate_and_its_own_epochs():
    config = runs.retraining(HanConfig())
    assert (config.lr, config.epochs) == (pytest.approx(1.2e-4), 10)


def test_what_each_level_keeps_multiplies_to_the_compression():
    config = replace(TINY, levels=3, compression=4.0)
    assert runs.keep(config, size=110, weights=100) ** 3 * 100 + 10 == pytest.approx(110 / 4)
    with pytest.raises(ValueError, match=r"compression must leave weights beside 10 biases; got 12.0"):
        runs.keep(replace(config, compression=12.0), size=110, weights=100)


def test_lenet_5_is_han_s_of_431_thousand_parameters():
    model = build(LENET_FULL, torch.zeros(1, 1, 28, 28), Streams(0))
    assert sum(parameter.numel() for parameter in model.parameters()) == 431_080
    assert LENET in {stage.label for stage in stages("full")}


def hand_made(label=MLP, lost=0.0005, compression=12.0) -> Records:
    rows = []
    for seed in (0, 1, 2):
        base = {"label": label, "seed": seed}
        for level, (accuracy, size) in enumerate([(0.983, 1.0), (0.985, 4.0), (0.983 - lost, compression)]):
            rows.append(base | {"level": level, "density": 1 / size, "accuracy": accuracy, "compression": size})
            if level:
                rows[-1]["cut_accuracy"] = 0.7
            layers = base | {"level": level, "density": 1 / size}
            rows += [layers | {"layer": str(n), "layer_density": 1 / size / n} for n in (1, 2, 3)]
        rows.append(base | {"quality": 1.5})
    return Records(rows)


@pytest.mark.parametrize(
    ("changed", "holds"),
    [({}, True), ({"lost": 0.002}, False), ({"compression": 11.0}, False), ({"compression": 11.96}, True)],
)
def test_verdicts_of_300_100(changed, holds):
    outcome = claimed(RECIPE, "LT-9").measure(hand_made(**changed))
    assert outcome.ours == pytest.approx(100 * changed.get("lost", 0.0005))
    assert (outcome.holds, outcome.n) == (holds, 3)
    assert "the paper's 8/9/26" in outcome.note


def test_the_note_tells_what_one_round_costs():
    rows = Records([*hand_made().rows, *hand_made(MLP_ONCE, lost=0.03).rows])
    assert "at once, with q = 1.50: 1.70 ± 0.00 % → 4.70 ± 0.00 %" in claimed(RECIPE, "LT-9").measure(rows).note


def test_lenet_5_is_judged_by_its_own_runs():
    with pytest.raises(LookupError, match="no accuracy of 'LeNet-5'"):
        claimed(RECIPE, "LT-9-lenet5").measure(hand_made())
    assert claimed(RECIPE, "LT-9-lenet5").measure(hand_made(LENET)).holds


def test_figures_follow_the_records(tmp_path):
    assert [figure.name for figure in RECIPE.draw(hand_made(), tmp_path)] == ["error", "layers"]
    assert RECIPE.draw(Records([]), tmp_path) == []


def test_a_search_that_empties_a_layer_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "keep", lambda *given: 1e-4)
    records = recorded(replace(TINY, epochs=1), tmp_path, RECIPE.execute)
    assert len(records.values("stopped")) == 1
    assert not records.values("quality")
