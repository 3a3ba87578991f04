"""permute/puzzle: puzzles solved move by move, the rewired network, verdicts, figures."""

import pytest
import torch
from permute_case import claimed, recorded

from rewire.experiments.permute.puzzle.recipe import RECIPE
from rewire.experiments.permute.puzzle.solve import graph, solved
from rewire.experiments.permute.puzzle.stages import DIGIT, NETWORK, TILES, TIMID, PuzzleConfig, WiringConfig
from rewire.experiments.permute.puzzle.wiring import MOVED, START, TRAINED
from rewire.figures import save
from rewire.runs import Records

SHORT = WiringConfig(k=10, moving=60, training=20)


def test_every_state_of_a_puzzle_holds_the_same_pieces():
    picture = torch.arange(9.0)
    states = list(solved(picture.flip(0), picture, PuzzleConfig("tiles", aggressiveness=1.0), seed=0))
    assert torch.equal(states[-1], picture)
    assert all(torch.equal(state.sort().values, picture) for state in states)
    assert len(states) < 100


def test_cycles_of_an_update_run_along_edges_of_its_graph():
    config, picture = PuzzleConfig("tiles"), torch.arange(1.0, 17) / 16
    before, after, *_ = solved(picture[torch.randperm(16)], picture, config, seed=3)
    rows = list(graph(before, after, picture, config))
    edges = {(row["source"], row["target"]) for row in rows if "source" in row}
    cycles: dict[int, list[int]] = {}
    for row in rows:
        if "cycle" in row:
            cycles.setdefault(row["cycle"], []).append(row["at"])
    assert cycles
    for cycle in cycles.values():
        for taker, giver in zip(cycle, [*cycle[1:], cycle[0]]):
            assert (giver, taker) in edges
            assert after[taker] == before[giver]


def test_wires_move_then_stay(tmp_path):
    records = recorded(RECIPE, SHORT, tmp_path, label=NETWORK)
    start, moved, trained = (row for row in records if "wires" in row)
    assert [row["phase"] for row in (start, moved, trained)] == [START, MOVED, TRAINED]
    assert start["wires"] == moved["wires"] == trained["wires"] == 12 + 9
    assert moved["same values"]
    assert not trained["same values"]
    assert trained["new"] == trained["gone"] == 0


def puzzles(label, updates, done):
    return [
        {"label": label, "seed": seed, "update": update, "solved": done and update == updates, "distance": 1.0}
        for seed in (0, 1)
        for update in range(updates + 1)
    ]


@pytest.mark.parametrize("done", [True, False])
def test_puzzles_must_be_solved_but_the_timid_ones(done):
    records = Records([*puzzles(TILES, 8, True), *puzzles(DIGIT, 9, done), *puzzles(TIMID, 5, False)])
    outcome = claimed(RECIPE, "P2-3").measure(records)
    assert (outcome.ours, outcome.n, outcome.holds) == (8, 2, done)
    assert f"{TIMID}: 0 of 2 solved, after 5 to 5 updates" in outcome.note


@pytest.mark.parametrize(
    ("moved", "trained", "same", "holds"),
    [(6, 0, True, True), (0, 0, True, False), (6, 1, True, False), (6, 0, False, False)],
)
def test_wires_must_move_and_then_stay(moved, trained, same, holds):
    base = {"label": NETWORK, "seed": 0, "wires": 20, "accuracy": 0.5}
    counts = ((START, 0, True), (MOVED, moved, same), (TRAINED, trained, False))
    rows = [base | {"phase": name, "new": new, "gone": new, "same values": kept} for name, new, kept in counts]
    outcome = claimed(RECIPE, "P2-3-rewire").measure(Records(rows))
    assert (outcome.ours, outcome.holds) == (moved / 20, holds)


def test_figures(tmp_path):
    labels = {TILES: PuzzleConfig("tiles"), DIGIT: PuzzleConfig("digit", aggressiveness=0.5), NETWORK: SHORT}
    rows = [row for label, config in labels.items() for row in recorded(RECIPE, config, tmp_path / label, label=label)]
    figures = RECIPE.draw(Records(rows), tmp_path)
    assert [figure.name for figure in figures] == ["puzzle", "digit", "wiring"]
    assert all(save(figure, tmp_path / "figures").png.stat().st_size > 5000 for figure in figures)
    assert RECIPE.draw(Records([]), tmp_path) == []
    assert all(claim.measure(Records([])) is None for claim in RECIPE.claims)
