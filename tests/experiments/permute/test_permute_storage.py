"""permute/storage: networks of a few steps on digits, saved and loaded; verdicts on hand-made records."""

import pytest
from permute_case import claimed, recorded

from rewire.experiments.permute.storage.recipe import RECIPE
from rewire.experiments.permute.storage.stages import LAPERM, SGPERM, SPARSE, StorageConfig
from rewire.figures import save
from rewire.runs import Records


@pytest.mark.parametrize(("method", "density"), [("laperm", 1.0), ("sgperm", 1.0), ("laperm", 0.1)])
def test_a_run_saves_and_loads_bit_for_bit(tmp_path, method, density):
    config = StorageConfig(dataset="digits", method=method, density=density, steps=6, evaluate_every=6, k=4)
    (trained,) = (row for row in recorded(RECIPE, config, tmp_path) if "permuted" in row)
    (stored,) = (row for row in recorded(RECIPE, config, tmp_path / "again") if "identical" in row)
    assert trained["permuted"]
    assert trained["elsewhere"] > 0
    assert stored["identical"]
    assert stored["bound"] <= stored["bytes"] < 1.01 * stored["bound"] + 400
    assert stored["bytes"] / stored["float32"] < (0.3 if density == 1 else 0.05)


def stored(label, ratio, identical=True):
    return [
        {"label": label, "seed": seed, "bytes": ratio * 2e6, "float32": 2e6, "bound": 0.99 * ratio * 2e6}
        | {"identical": identical}
        for seed in (0, 1)
    ]


@pytest.mark.parametrize(
    ("ratio", "identical", "holds"), [(0.255, True, True), (0.255, False, False), (0.31, True, False)]
)
def test_lossless_at_a_quarter(ratio, identical, holds):
    records = Records([*stored(LAPERM, ratio), *stored(SGPERM, ratio, identical), *stored(SPARSE, 0.03)])
    outcome = claimed(RECIPE, "P2-18").measure(records)
    assert (outcome.ours, outcome.n, outcome.holds) == (pytest.approx(ratio), 4, holds)
    assert "+1.01% of the bound" in outcome.note
    sparse = claimed(RECIPE, "P2-18-sparse").measure(records)
    assert (sparse.ours, sparse.n, sparse.holds) == (pytest.approx(0.03), 2, True)


def test_without_records():
    assert all(claim.measure(Records([])) is None for claim in RECIPE.claims)
    assert RECIPE.draw(Records([]), None) == []


def test_figure(tmp_path):
    (figure,) = RECIPE.draw(Records([*stored(LAPERM, 0.25), *stored(SPARSE, 0.03)]), tmp_path)
    assert len(figure.rows) == 6
    assert save(figure, tmp_path).png.stat().st_size > 5000
