import math
from functools import partial
from pathlib import Path

import pytest
import torch

from rewire.experiments import Context
from rewire.experiments.light_switch.cost import runs as cost_runs
from rewire.experiments.light_switch.cost.claims import same_complexity
from rewire.experiments.light_switch.cost.figures import draw
from rewire.experiments.light_switch.cost.maml import meta_step
from rewire.experiments.light_switch.cost.recipe import RECIPE, execute
from rewire.experiments.light_switch.cost.runs import interleaved
from rewire.experiments.light_switch.cost.stages import Config, stages
from rewire.figures import save
from rewire.runs import JsonLines, Records, read_records
from rewire.training import Checkpoint

SMALL = Config(batches=(20, 40), widths=(4, 8), batch=40, width=4, tasks=2, rounds=2, repeats=1)


def run(tmp_path: Path, config: Config) -> list[dict]:
    sink = JsonLines(tmp_path / "metrics.jsonl")
    execute(config, Context(0, tmp_path, sink))
    return read_records(sink.path)


def test_every_network_is_timed_at_every_place(tmp_path):
    rows = run(tmp_path, SMALL)
    assert len(rows) == 4 * 4
    assert {row["contender"] for row in rows} == {"plain", "gated", "hard", "maml"}
    assert {(row["axis"], row["size"]) for row in rows} == {("batch", 20), ("batch", 40), ("width", 4), ("width", 8)}
    assert all(row["milliseconds"] > 0 for row in rows)
    assert {row["ratio"] for row in rows if row["contender"] == "plain"} == {1.0}


def test_steps_take_turns():
    calls: list[str] = []
    times = interleaved({name: lambda name=name: calls.append(name) for name in "ab"}, rounds=2, repeats=2)
    assert "".join(calls) == "ab" + "aabb" * 2  # once each to warm up
    assert [len(seconds) for seconds in times.values()] == [2, 2]


def test_timings_run_alone():
    assert all(stage.exclusive for budget in ("quick", "full") for stage in stages(budget) if stage.label == "time")


def test_the_comparator_resumes_where_it_stopped(tmp_path, monkeypatch):
    config = Config(measure="maml", batch=40, width=8, test_tasks=10, steps=6)
    for name in ("whole", "parts"):
        (tmp_path / name).mkdir()
    whole = run(tmp_path / "whole", config)
    assert [row["inner_steps"] for row in whole] == [0, 1, 5, 10]
    steps = 0

    def stopping(*arguments):
        nonlocal steps
        steps += 1
        if steps == 4:
            raise KeyboardInterrupt
        meta_step(*arguments)

    monkeypatch.setattr(cost_runs, "Checkpoint", partial(Checkpoint, seconds=0.0))  # one after every step
    monkeypatch.setattr(cost_runs, "meta_step", stopping)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "parts", config)
    assert run(tmp_path / "parts", config) == whole
    assert steps == 4 + 3  # the fourth to sixth, and none of the first three again


def places(gated: dict[int, float], maml: float = 3.0) -> Records:
    rows = [{"axis": "batch", "size": size, "contender": "gated", "ratio": ratio} for size, ratio in gated.items()]
    rows += [row | {"contender": "maml", "ratio": row["ratio"] * maml} for row in rows]
    rows += [row | {"contender": "hard"} for row in rows if row["contender"] == "gated"]
    return Records([row | {"label": "time", "seed": seed, "milliseconds": 1.0} for row in rows for seed in (0, 1)])


@pytest.mark.parametrize(
    ("gated", "maml", "holds"),
    [({10: 1.3, 100: 1.5}, 3.0, True), ({10: 1.1, 100: 2.0}, 3.0, False), ({10: 1.3, 100: 1.5}, 0.9, False)],
)
def test_the_claim_needs_a_flat_ratio_and_a_slower_maml(gated, maml, holds):
    outcome = same_complexity(places(gated, maml))
    assert outcome is not None
    assert (outcome.holds, outcome.n) == (holds, 2)
    assert ("grows with batch" in outcome.note) == (gated[100] == 2.0)


def test_without_timings_there_is_no_answer():
    assert same_complexity(Records([])) is None


def test_the_note_holds_the_comparators_errors_beside_its_papers():
    errors = {0: 3.0, 1: 0.7, 5: 0.4, 10: 0.3}
    rows = [
        {"label": "maml", "seed": 0, "inner_steps": count, "mse": mse, "diverged": 2} for count, mse in errors.items()
    ]
    outcome = same_complexity(Records([*places({10: 1.2}), *rows]))
    assert outcome is not None
    assert "0.70 (0.67), 0.40 (0.38), 0.30 (0.35), without up to 2 of 600" in outcome.note
    [figure] = draw(Records(rows), Path())
    assert "up to 2" in figure.caption
    assert [(row["mean"], row["paper"]) for row in figure.rows] == [(0.7, 0.67), (0.4, 0.38), (0.3, 0.35)]


def test_a_task_that_diverged_does_not_hide_the_others():
    found = cost_runs._summary(torch.tensor([1.0, 2.0, 3.0, 1e6, math.nan]))
    assert (found["mse"], found["diverged"]) == (2.0, 2)


def test_figures_draw_and_claims_are_named(tmp_path):
    records = Records([row | {"label": "time", "seed": 0} for row in run(tmp_path, SMALL)])
    for figure in draw(records, tmp_path):
        assert save(figure, tmp_path).png.stat().st_size > 5000
    assert [claim.id for claim in RECIPE.claims] == ["LS-0b"]
