import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewire.figures.tables import histograms, matrix, mean_std

numbers = st.floats(-1e3, 1e3)


@given(st.dictionaries(st.sampled_from("abcd"), st.lists(numbers, min_size=1), min_size=1))
def test_mean_and_sample_deviation_agree_with_numpy(groups):
    records = [{"label": label, "loss": value} for label, values in groups.items() for value in values]
    rows = {row["label"]: row for row in mean_std(records, "label", of="loss")}
    assert list(rows) == list(groups)
    for label, values in groups.items():
        assert rows[label]["mean"] == pytest.approx(np.mean(values), abs=1e-9)
        assert rows[label]["std"] == pytest.approx(np.std(values, ddof=1) if len(values) > 1 else 0, abs=1e-9)
        assert rows[label]["n"] == len(values)


def test_records_without_the_value_or_a_key_are_left_out():
    records = [{"label": "a", "loss": 1.0}, {"label": "a"}, {"loss": 5.0}]
    assert mean_std(records, "label", of="loss") == [{"label": "a", "mean": 1.0, "std": 0.0, "n": 1}]


def test_a_diverged_seed_is_a_gap_not_an_exception():
    [row] = mean_std([{"a": 1, "loss": math.inf}, {"a": 1, "loss": 1.0}], "a", of="loss")
    assert math.isnan(row["std"])


@given(st.lists(numbers, min_size=1), st.integers(1, 40))
def test_a_histogram_integrates_to_one_over_all_its_samples(values, bins):
    rows = histograms({0: values}, bins=bins)
    assert len(rows) == bins
    assert sum(row["density"] * (row["right"] - row["left"]) for row in rows) == pytest.approx(1)


def test_samples_share_their_bins_and_limits_cut():
    rows = histograms({0: [0.0, 1.0], 9: [[5.0, 6.0]]}, bins=3, limits=(0.0, 3.0))
    assert [row["left"] for row in rows if row["step"] == 0] == [row["left"] for row in rows if row["step"] == 9]
    assert sum(row["density"] for row in rows if row["step"] == 9) == 0


def test_no_sample_at_all_is_refused():
    with pytest.raises(ValueError, match="samples must hold at least one number"):
        histograms({})


def test_a_matrix_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"values must be 2 × 3.*got shape \(2, 2\)"):
        matrix(np.eye(2), ["a", "b"], ["x", "y", "z"])
