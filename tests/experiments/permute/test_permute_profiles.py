"""permute/profiles: distances against their definition, a small run on digits, verdicts, and the command."""

import itertools
import subprocess
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from permute_case import recorded
from safetensors.torch import save_file

from rewire.experiments.permute.profiles.__main__ import main
from rewire.experiments.permute.profiles.recipe import RECIPE
from rewire.experiments.permute.profiles.rows import band_records, distance_records
from rewire.experiments.permute.profiles.runs import network
from rewire.experiments.permute.profiles.stages import CONVOLUTIONS, DENSE, ProfilesConfig
from rewire.figures import save
from rewire.permutations.profile import profile_distance, quantiles, stretched
from rewire.runs import Records

TINY = ProfilesConfig(dataset="digits", steps=5, evaluate_every=5)


@given(vectors=st.integers(2, 6), values=st.integers(1, 9), seed=st.integers(0, 99))
def test_the_distance_is_the_mean_over_all_pairs(vectors, values, seed):
    rows = torch.randn(vectors, values, generator=torch.Generator().manual_seed(seed))
    profiles = rows.double().sort(1).values
    pairs = [(a - b).abs().mean() for a, b in itertools.combinations(profiles, 2)]
    span = (profiles[:, -1] - profiles[:, 0]).mean()
    expected = (sum(pairs) / len(pairs) / span).item() if span else 0.0
    assert profile_distance(rows) == pytest.approx(expected, abs=1e-12)


def test_permuted_vectors_are_alike_and_stretched_ones_are_not():
    values = torch.randn(200)
    rows = torch.stack([values[torch.randperm(200)] for _ in range(20)])
    assert profile_distance(rows) == 0
    assert profile_distance(stretched(rows, torch.Generator().manual_seed(0))) > 0.02
    assert quantiles(rows, 200).equal(rows.sort(1).values)


def test_one_vector_or_one_value_has_no_distance():
    assert profile_distance(torch.randn(1, 9)) == profile_distance(torch.ones(3, 4)) == 0.0


@pytest.mark.parametrize(
    "rows", [torch.ones(3), torch.ones(2, 3, 4), torch.ones(0, 3), torch.ones(2, 3, dtype=torch.long)]
)
def test_what_is_no_vectors_is_refused(rows):
    with pytest.raises(ValueError, match=r"rows must be a floating tensor \[vectors, values\]"):
        profile_distance(rows)


def test_nan_is_refused():
    with pytest.raises(ValueError, match="rows must be finite"):
        profile_distance(torch.tensor([[1.0, torch.nan]]))


def test_a_run_looks_before_and_after(tmp_path):
    records = recorded(RECIPE, TINY, tmp_path)
    assert len(records.where(when="before")) == len(records.where(when="after")) == 3
    assert all(0 < value < 0.2 for value in records.values("distance"))
    assert len([row for row in records if "rank" in row]) == 3 * 2 * 41


def test_the_convolutional_network_starts_as_the_others_do():
    model = network(ProfilesConfig(model="caffe-lenet5"), torch.zeros(1, 1, 28, 28), seed=0)
    assert model[0].weight.abs().max().item() == pytest.approx((6 / 25) ** 0.5, rel=0.05)
    assert not model[0].bias.any()


def row(label, when, distance, control, values=784):
    base = {"label": label, "seed": 0, "when": when, "layer": f"w{values}", "vectors": 10, "values": values}
    return base | {"distance": distance, "control": control}


@pytest.mark.parametrize(
    ("short", "control", "holds"),
    [(0.1, 0.08, True), (0.1, 0.05, False)],  # short vectors do not count
)
def test_profiles_are_alike_if_the_control_is_far(short, control, holds):
    rows = [row(DENSE, when, 0.02, control) for when in ("before", "after")]
    rows += [row(DENSE, when, short, 0.1, values=25) for when in ("before", "after")]
    rows += [{"label": DENSE, "seed": 0, "step": 5, "accuracy": 0.95}]
    outcome = RECIPE.claims[0].measure(Records(rows))
    assert (outcome.ours, outcome.holds) == (pytest.approx(control / 0.02), holds)
    assert outcome.note.startswith("substituted. w784 (10 × 784): 0.020")
    assert RECIPE.claims[1].measure(Records(rows)) is None
    assert "substituted" in RECIPE.claims[1].statement
    assert CONVOLUTIONS in RECIPE.claims[1].statement


def test_figures_show_one_seed(tmp_path):
    records = recorded(RECIPE, TINY, tmp_path)
    rows = Records([{**row, "label": DENSE, "seed": seed} for seed in (3, 1) for row in records])
    (figure,) = RECIPE.draw(rows, tmp_path)
    assert {row["seed"] for row in figure.rows} == {1}
    assert save(figure, tmp_path).png.stat().st_size > 5000
    assert RECIPE.draw(Records([]), tmp_path) == []


def test_a_checkpoint_of_ones_own(tmp_path, capsys):
    path = tmp_path / "model.safetensors"
    save_file({"fc.weight": torch.randn(8, 300), "fc.bias": torch.randn(8), "steps": torch.ones(2, 3).int()}, path)
    assert main([str(path), str(tmp_path / "figures")]) == 0
    printed = capsys.readouterr().out
    assert "fc.weight" in printed
    assert "bias" not in printed
    assert (tmp_path / "figures" / "profiles.png").stat().st_size > 5000


@pytest.mark.parametrize(
    ("content", "message"), [(b"\x80\x02pickle", "whole safetensors file"), (None, "got nothing at that path")]
)
def test_what_is_no_safetensors_file_is_refused_in_a_line(tmp_path, capsys, content, message):
    path = tmp_path / "model.pt"
    if content:
        path.write_bytes(content)
    assert main([str(path)]) == 2
    assert message in capsys.readouterr().err


def test_biases_alone_are_no_network(tmp_path, capsys):
    save_file({"bias": torch.randn(8)}, tmp_path / "b.safetensors")
    assert main([str(tmp_path / "b.safetensors")]) == 2
    assert "weights of two or more dimensions" in capsys.readouterr().err


def test_the_command_says_how_it_is_used():
    done = subprocess.run(
        [sys.executable, "-m", "rewire.experiments.permute.profiles"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "model.safetensors" in done.stderr


def test_records_of_a_network_leave_out_what_has_no_vectors():
    weights = {
        "conv": torch.randn(4, 2, 3, 3),
        "norm": torch.ones(4),
        "one": torch.ones(1, 5),
        "half": torch.ones(3, 2).half(),
    }
    found = list(distance_records(weights, torch.Generator()))
    assert [(row["layer"], row["vectors"], row["values"]) for row in found] == [("conv", 4, 18), ("half", 3, 2)]
    assert {row["layer"] for row in band_records(weights, torch.Generator())} == {"conv", "half"}
