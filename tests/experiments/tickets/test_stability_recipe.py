"""tickets/stability: a small search on real digits end to end, killed and resumed; verdicts on hand-made records."""

import json

import pytest
import torch

from rewire.experiments.recipe import Context
from rewire.experiments.tickets.stability import runs
from rewire.experiments.tickets.stability.recipe import RECIPE
from rewire.experiments.tickets.stability.stages import StabilityConfig
from rewire.runs import JsonLines, Records, read_records

TINY = StabilityConfig(
    dataset="digits", train_images=300, epochs=1, keep=0.5, levels=2, rewind=2, points=4, path_every=10
)


def run(directory, config=TINY):
    directory.mkdir(exist_ok=True)
    sink = JsonLines(directory / "metrics.jsonl")
    RECIPE.execute(config, Context(seed=0, directory=directory, sink=sink))
    sink.close()
    return Records(read_records(directory / "metrics.jsonl"))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    directory = tmp_path_factory.mktemp("stability")
    return directory, run(directory)


def test_everything_is_measured(finished):
    _, records = finished
    assert [row["network"] for row in records if "accuracy" in row] == ["dense", "ticket", "random mask"]
    assert records.values("density") == [pytest.approx(0.25, abs=1e-3)] * 2
    for network in ("ticket", "random mask"):
        mine = records.where(network=network)
        assert [row["to"] for row in mine if "to" in row] == ["pruning", "data order"]
        assert all(row["distance"] > 0 and row["angle"] > 0 for row in mine if "to" in row)
        errors = [row["error"] for row in mine if "alpha" in row]
        assert len(errors) == 4
        assert mine.values("instability") == [pytest.approx(max(errors) - (errors[0] + errors[-1]) / 2)]
    assert set(records.values("rewind")) == {2}


def test_the_networks_start_alike_and_part_where_the_orders_do(finished):
    directory, _ = finished
    ends = {name: runs.read_tensors(directory / name)[0] for name in ("ticket-1", "random mask-0", "random mask-1")}
    off = {name: tensors["1.weight"] == 0 for name, tensors in ends.items()}
    assert off["random mask-0"].equal(off["random mask-1"])
    assert not off["ticket-1"].equal(off["random mask-0"])
    assert int(off["ticket-1"].sum()) == int(off["random mask-0"].sum())


def test_a_killed_run_ends_as_if_it_had_not_been(finished, tmp_path, monkeypatch):
    directory, _ = finished
    killed = tmp_path / "killed"
    trained = runs.Bench.trained

    def dies(self, ticket, name, order):
        if (name, order) == (runs.RANDOM, 1):
            raise KeyboardInterrupt
        return trained(self, ticket, name, order)

    monkeypatch.setattr(runs.Bench, "trained", dies)
    with pytest.raises(KeyboardInterrupt):
        run(killed)
    monkeypatch.undo()
    searches = []
    monkeypatch.setattr(
        runs, "_write", lambda end, model, write=runs._write: searches.append(end.name) or write(end, model)
    )
    torch.manual_seed(99)  # whatever else the process has drawn
    run(killed)
    assert searches == ["random mask-1"]
    assert (killed / "metrics.jsonl").read_bytes() == (directory / "metrics.jsonl").read_bytes()


def records(ticket=1.0, random=2.0, gain=0.01, late=0.001, bump=0.0):
    rows = []
    for seed in range(3):
        for k in (0, 50):
            shared = {"rewind": k, "seed": seed, "label": f"rewind {k}"}
            accuracy = {"dense": 0.98, "ticket": 0.97 + gain + late * (k > 0), "random mask": 0.97}
            rows += [shared | {"network": name, "accuracy": value, "loss": 0.1} for name, value in accuracy.items()]
            for network, apart in (("ticket", ticket), ("random mask", random)):
                mine = shared | {"network": network}
                for to in ("pruning", "data order"):
                    rows.append(mine | {"to": to, "distance": apart, "angle": 20 * apart - 5 * (k > 0)})
                rows += [mine | {"alpha": a, "error": 0.02 + bump * (a == 0.5)} for a in (0.0, 0.5, 1.0)]
                rows.append(mine | {"instability": bump})
    return Records(rows)


def measured(name, table):
    return next(claim for claim in RECIPE.claims if claim.id == name).measure(table)


@pytest.mark.parametrize(
    ("claim", "changes", "holds", "ours"),
    [
        ("LT-11a", {}, True, 2.0),
        ("LT-11a", {"random": 1.25}, False, 1.25),
        ("LT-11b", {}, True, 2.0),
        ("LT-11b", {"random": 0.5}, False, 0.5),
        ("LT-11c", {}, True, 1.0),
        ("LT-11c", {"gain": -0.01}, False, -1.0),
        ("LT-11d", {}, True, 0.1),
        ("LT-11d", {"late": -0.01}, False, -1.0),
        ("LT-11e", {}, True, 0.0),
        ("LT-11e", {"bump": 0.3}, False, 30.0),
    ],
)
def test_verdicts(claim, changes, holds, ours):
    outcome = measured(claim, records(**changes))
    assert (outcome.holds, outcome.n) == (holds, 3)
    assert outcome.ours == pytest.approx(ours)


def test_a_claim_of_late_resetting_needs_a_later_step():
    assert measured("LT-11d", Records([row for row in records() if row["rewind"] == 0])) is None


def test_figures_hold_what_they_draw(tmp_path):
    from rewire.figures import save

    figures = RECIPE.draw(records(), tmp_path)
    assert [figure.name for figure in figures] == ["distances", "accuracy", "line"]
    for figure in figures:
        assert save(figure, tmp_path).png.stat().st_size > 10_000
    assert RECIPE.draw(Records([]), tmp_path) == []


def test_budgets_reach_the_paper_s_density_with_three_seeds():
    for budget in ("quick", "full"):
        for stage in RECIPE.stages(budget):
            assert stage.config.keep**stage.config.levels == pytest.approx(0.1074, abs=5e-4)
            assert len(stage.seeds) >= 3
            assert json.dumps(stage.config.rewind) in stage.label
