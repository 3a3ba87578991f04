from pathlib import Path

import pytest

from rewire.experiments import Context
from rewire.experiments.light_switch.expressivity import RECIPE, Config, execute, no_loss
from rewire.runs import JsonLines, Records, read_records


def run(tmp_path: Path, config: Config) -> dict:
    sink = JsonLines(tmp_path / "metrics.jsonl")
    execute(config, Context(0, tmp_path, sink))
    [record] = read_records(sink.path)
    return record


@pytest.mark.parametrize("network", ["mlp", "lenet5"])
def test_dividing_by_the_masks_gives_the_plain_network_back(tmp_path, network):
    record = run(tmp_path, Config(network))
    assert 0 < record["weights"] < 1e-6  # 0 would mean that there were no masks to round against
    assert record["outputs"] < 1e-5
    assert record["preserved"] < 1e-6


def test_the_hard_gate_with_all_weights_on_is_the_plain_network(tmp_path):
    assert run(tmp_path, Config("mlp", "hard", 1.0, 0.0))["weights"] == 0


def test_a_hard_gate_that_is_off_loses_its_weight(tmp_path):
    difference = run(tmp_path, Config("mlp", "hard", 0.0, 1.0))["weights"]
    assert not difference < 1e-6  # θ / 0 is infinite or NaN


def test_an_unknown_network_is_named(tmp_path):
    with pytest.raises(ValueError, match="network must be"):
        run(tmp_path, Config("lenet"))


def test_the_claim_holds_below_a_millionth_only():
    row = {"seed": 0, "switch": "gated", "weights": 1e-8, "outputs": 1e-7, "preserved": 0.0}
    good = no_loss(Records([row, row | {"seed": 1}]))
    assert good is not None
    assert (good.holds, good.n) == (True, 2)
    bad = no_loss(Records([row, row | {"seed": 1, "weights": 1e-3}]))
    assert bad is not None
    assert not bad.holds
    assert no_loss(Records([])) is None
    assert [claim.id for claim in RECIPE.claims] == ["LS-0a"]
