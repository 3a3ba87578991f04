"""Every criterion against a case worked out by hand, and how layers are scored."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from rewire.masks import criteria
from rewire.masks.criteria import CRITERIA, diff_sign, needs, same_sign, score
from rewire.masks.mask import Mask
from rewire.masks.selection import select, threshold

INF = torch.inf
EVIDENCE = {
    "init": [1.0, -2.0, 0.5, 4.0],
    "final": [3.0, -1.0, -0.25, 2.0],
    "gradient": [-1.0, 2.0, 8.0, 0.0],
    "hessian_gradient": [0.5, 3.0, -4.0, -1.0],
    "fisher": [2.0, 4.0, 32.0, 0.5],
    "curvature": [2.0, -4.0, 32.0, 0.5],
    "flow": [1.0, 2.0, 4.0, 0.5],
}
DEVIATION = ((9 + 1 + 0.0625 + 4) / 4 - 0.9375**2) ** 0.5  # of "final", whose mean is 0.9375
# One row per criterion: its scores of EVIDENCE, and the evidence it may use.
MATRIX = {
    "magnitude": ([3.0, 1.0, 0.25, 2.0], ("final",)),
    "large_final": ([3.0, 1.0, 0.25, 2.0], ("final",)),
    "quality": ([3 / DEVIATION, 1 / DEVIATION, 0.25 / DEVIATION, 2 / DEVIATION], ("final",)),
    "small_final": ([-3.0, -1.0, -0.25, -2.0], ("final",)),
    "large_init": ([1.0, 2.0, 0.5, 4.0], ("init",)),
    "small_init": ([-1.0, -2.0, -0.5, -4.0], ("init",)),
    # |init| ranks 2 3 1 4, |final| ranks 4 2 1 3, of four
    "large_init_large_final": ([0.5, 0.5, 0.25, 0.75], ("init", "final")),
    "small_init_small_final": ([0.25, 0.5, 1.0, 0.25], ("init", "final")),
    "magnitude_increase": ([2.0, -1.0, -0.25, -2.0], ("init", "final")),
    "movement": ([2.0, 1.0, 0.75, 2.0], ("init", "final")),
    "random": (None, ("final",)),
    "snip": ([3.0, 2.0, 2.0, 0.0], ("final", "gradient")),
    "grasp": ([1.5, -3.0, 1.0, -2.0], ("final", "hessian_gradient")),
    "synflow": ([3.0, 2.0, 1.0, 1.0], ("final", "flow")),
    "fisher": ([9.0, 2.0, 1.0, 1.0], ("final", "fisher")),
    "obd": ([9.0, -2.0, 1.0, 1.0], ("final", "curvature")),
}


def evidence(**changed: Tensor) -> dict[str, dict[str, Tensor]]:
    return {name: {"w": torch.tensor(values)} for name, values in EVIDENCE.items()} | {
        name: {"w": tensor} for name, tensor in changed.items()
    }


def test_the_matrix_has_every_criterion():
    assert set(MATRIX) == set(CRITERIA)


@pytest.mark.parametrize("name", [name for name in MATRIX if name != "random"])
def test_scores_are_those_worked_out_by_hand(name):
    expected, used = MATRIX[name]
    assert needs(name) == used
    assert torch.allclose(score(name, evidence())["w"].float(), torch.tensor(expected), rtol=1e-6)
    direct = CRITERIA[name](**{key: torch.tensor(EVIDENCE[key]) for key in used})
    assert torch.allclose(direct.float(), torch.tensor(expected), rtol=1e-6)


@pytest.mark.parametrize("name", MATRIX)
def test_every_criterion_takes_any_shape_and_leaves_its_evidence_alone(name):
    for shape in [(), (0,), (3, 0), (4, 1, 1), (2, 2)]:
        given = {key: {"w": torch.full(shape, 0.5), "v": torch.ones(2)} for key in EVIDENCE}
        scores = score(name, given)
        assert [tensor.shape for tensor in scores.values()] == [torch.Size(shape), torch.Size([2])]
        assert all((tensors["w"] == 0.5).all() for tensors in given.values())


@pytest.mark.parametrize("name", MATRIX)
def test_memory_order_does_not_matter(name):
    torch.manual_seed(0)
    given = {key: {"w": torch.randn(4, 3)} for key in EVIDENCE}
    turned = {key: {"w": tensors["w"].t()} for key, tensors in given.items()}
    if name != "random":  # which is drawn in the order of the entries
        assert torch.equal(score(name, turned)["w"], score(name, given)["w"].t())


@pytest.mark.parametrize("name", [name for name in MATRIX if name != "random"])
def test_nan_in_what_a_criterion_uses_stays_nan_for_selection_to_refuse(name):
    for key in MATRIX[name][1]:
        broken = torch.tensor(EVIDENCE[key])
        broken[2] = torch.nan
        scores = score(name, evidence(**{key: broken}))
        assert scores["w"][2].isnan()
        assert name == "quality" or scores["w"].isnan().sum() == 1  # which compares with the whole layer
        with pytest.raises(ValueError, match="'w' has NaN"):
            select(scores, 0.5)


@pytest.mark.parametrize("name", MATRIX)
def test_half_precision_and_parameters_are_scored_in_single_precision_without_a_graph(name):
    half = {
        key: {"w": torch.nn.Parameter(torch.tensor(values, dtype=torch.bfloat16) * 2**-20)}
        for key, values in EVIDENCE.items()
    }
    scores = score(name, half)["w"]
    assert scores.dtype in (torch.float32, torch.float64)
    assert not scores.requires_grad
    if name != "random":
        single = score(name, {key: {"w": tensors["w"].detach().float()} for key, tensors in half.items()})["w"]
        assert torch.equal(scores, single)


@given(st.integers(0, 10_000), st.integers(2, 60), st.floats(0.01, 1.0))
def test_large_init_large_final_cuts_both_magnitudes_at_one_percentile(seed, size, keep):
    generator = torch.Generator().manual_seed(seed)
    init = torch.randn(size, generator=generator)
    final = (torch.randn(size, generator=generator) + init) * 7  # another scale: α has work to do
    scores = score("large_init_large_final", {"init": {"w": init}, "final": {"w": final}})["w"]
    kept = scores >= scores.sort(descending=True).values[max(round(keep * size), 1) - 1]
    sizes = range(1, size + 1)
    top = {
        n: [values.abs() >= values.abs().sort(descending=True).values[n - 1] for values in (init, final)] for n in sizes
    }
    # Some n makes the kept weights exactly those among the n largest by |init| and the n largest by |final|.
    assert any(torch.equal(kept, a & b) for a, b in top.values())


@given(st.integers(0, 10_000))
def test_small_init_small_final_is_the_mirror_image(seed):
    generator = torch.Generator().manual_seed(seed)
    init, final = torch.rand(2, 20, generator=generator)
    small = score("small_init_small_final", {"init": {"w": init}, "final": {"w": final}})["w"]
    large = score("large_init_large_final", {"init": {"w": 1 - init}, "final": {"w": 1 - final}})["w"]
    assert torch.equal(small, large)


def test_a_cut_at_one_quality_is_a_threshold_of_that_many_standard_deviations_in_every_layer():
    torch.manual_seed(0)
    final = {"a": torch.randn(50), "b": 9 * torch.randn(7, 6)}
    mask = select(score("quality", {"final": final}), 0.3, scope="global")
    least = min(score("quality", {"final": final})[name][mask[name]].min().item() for name in final)
    cutoffs = {name: (1 - 1e-6) * least * tensor.std(correction=0).item() for name, tensor in final.items()}
    assert mask == threshold({name: tensor.abs() for name, tensor in final.items()}, cutoffs)
    assert score("quality", {"final": {"w": torch.zeros(3)}})["w"].tolist() == [0.0] * 3


def test_equal_magnitudes_have_equal_percentiles():
    values = torch.tensor([0.0, 0.0, 1.0, 0.0])
    scores = score("large_init_large_final", {"init": {"w": values}, "final": {"w": values}})["w"]
    assert scores.tolist() == [0.75, 0.75, 1.0, 0.75]


def test_only_the_entries_still_on_are_compared_with_each_other():
    on = Mask({"w": torch.tensor([True, False, True, False])})
    scores = score("large_init_large_final", evidence(), within=on)["w"]
    assert scores.tolist() == [1.0, -INF, 0.5, -INF]
    assert select({"w": scores}, 0.5, within=on)["w"].tolist() == [True, False, False, False]


def test_random_scores_follow_the_generator_and_never_the_global_one():
    layers = {"final": {"a": torch.ones(40), "b": torch.ones(40)}}
    state = torch.get_rng_state()
    default = score("random", layers)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(default["a"], score("random", layers)["a"])
    assert not torch.equal(default["a"], default["b"])
    first, again, other = (score("random", layers, torch.Generator().manual_seed(seed))["a"] for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert ((first >= 0) & (first < 1)).all()
    assert len(first.unique()) == 40


def test_diff_sign_is_the_opposite_of_same_sign():
    assert needs(diff_sign("magnitude")) == ("init", "final")
    assert score(diff_sign("magnitude"), evidence())["w"].tolist() == [-INF, -INF, 0.25, -INF]
    zeros = {"init": torch.tensor([0.0, 1.0, -1.0]), "final": torch.tensor([1.0, 0.0, 2.0])}
    for rule, kept in ((same_sign, 0), (diff_sign, 1)):  # what is zero has no sign, and is last by either
        assert rule("magnitude")(**zeros).isfinite().sum() == kept
    assert diff_sign("magnitude").__name__ == "diff_sign_magnitude"


def test_same_sign_puts_weights_last_that_changed_sign():
    assert needs(same_sign("magnitude")) == ("init", "final")
    assert score(same_sign("magnitude"), evidence())["w"].tolist() == [3.0, 1.0, -INF, 2.0]
    assert score(same_sign("magnitude_increase"), evidence())["w"].tolist() == [2.0, -1.0, -INF, -2.0]
    assert needs(same_sign(criteria.snip)) == ("init", "final", "gradient")
    assert score(same_sign(criteria.snip), evidence())["w"].tolist() == [3.0, 2.0, -INF, 0.0]
    assert needs(same_sign("large_init")) == ("init", "final")
    assert needs(same_sign("random")) == ("init", "final")
    assert score(same_sign("random"), evidence())["w"].isinf().tolist() == [False, False, True, False]
    assert same_sign("magnitude").__name__ == "same_sign_magnitude"


def test_a_criterion_of_ones_own_names_its_evidence_and_may_have_options():
    def steep(final: Tensor, slope: Tensor, power: float = 2.0) -> Tensor:
        return final.abs() ** power * slope

    assert needs(steep) == ("final", "slope")
    assert score(steep, evidence(slope=torch.tensor([1.0, 2.0, 16.0, 0.0])))["w"].tolist() == [9.0, 2.0, 1.0, 0.0]


def test_unknown_and_foreign_criteria_are_refused():
    with pytest.raises(
        ValueError, match=r"criterion must be one of 'magnitude', .*; got 'magnitud' .did you mean 'magni"
    ):
        score("magnitud", evidence())
    with pytest.raises(TypeError, match="criterion must be a name or a function of evidence; got int"):
        needs(3)  # type: ignore[arg-type]
    with pytest.raises(
        ValueError, match="criterion must take evidence as parameters; got '<lambda>', which takes none"
    ):
        score(lambda: torch.ones(4), evidence())
    with pytest.raises(ValueError, match=r"criterion must return scores of shape \[4\] for 'w'; got \[\]"):
        score(lambda final: final.sum(), evidence())
    with pytest.raises(ValueError, match=r"criterion must return scores of shape \[4\] for 'w'; got NoneType"):
        score(lambda final: None, evidence())


def test_missing_and_mismatched_evidence_is_refused_in_one_line():
    given = {"init": {"w": torch.ones(4)}, "final": {"w": torch.ones(4)}}
    with pytest.raises(
        ValueError,
        match=r"evidence must hold 'final', 'gradient' for criterion 'snip'; got 'init', 'final': pass 'gradient' too",
    ):
        score("snip", given)
    with pytest.raises(ValueError, match="evidence must hold 'final' for criterion 'magnitude'; got nothing"):
        score("magnitude", {})
    with pytest.raises(ValueError, match="evidence must name the same layers; got 'v' only in one of 'init', 'final'"):
        score("movement", given | {"final": {"w": torch.ones(4), "v": torch.ones(4)}})
    with pytest.raises(ValueError, match=r"one shape per layer; got \[4\] in 'init', \[2, 2\] in 'final' for 'w'"):
        score("movement", given | {"final": {"w": torch.ones(2, 2)}})
    with pytest.raises(ValueError, match=r"got \[4\] in 'final', \[1\] in 'within' for 'w'"):
        score("magnitude", given, within={"w": torch.ones(1, dtype=torch.bool)})
    with pytest.raises(TypeError, match="evidence must map layers to tensors; got Tensor as 'final'"):
        score("magnitude", {"final": torch.ones(4)})
    with pytest.raises(TypeError, match="evidence must be tensors; got float in 'gradient' for 'w'"):
        score("snip", given | {"gradient": {"w": 1.0}})


@pytest.mark.parametrize("criterion", [torch.abs, lambda final, /: final])
def test_a_criterion_whose_parameters_have_no_names_is_refused(criterion):
    with pytest.raises(TypeError, match=r"criterion must name its evidence in its parameters; got .*: wrap it"):
        needs(criterion)


@pytest.mark.parametrize("dtype", [torch.int64, torch.uint8, torch.bool])
def test_whole_scores_are_last_where_the_mask_is_off(dtype):
    on = torch.tensor([True, True, False, True])
    scores = score(lambda final: final.to(dtype), {"final": {"w": torch.arange(4.0)}}, within={"w": on})["w"]
    assert scores.tolist() == [*torch.arange(2).to(dtype).tolist(), -torch.inf, torch.tensor(3).to(dtype).item()]
