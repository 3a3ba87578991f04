"""Masks from scores: exact counts, the highest kept, ties by lot."""

import pickle
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rewire.masks import EmptyLayer, Mask, select, threshold

scores_of_layer = st.lists(
    st.one_of(st.integers(-2, 2).map(float), st.floats(allow_nan=False, width=32)), min_size=1, max_size=40
)
layers = st.dictionaries(st.sampled_from("abcdef"), scores_of_layer, min_size=1)
dtypes = st.sampled_from([torch.float32, torch.float64, torch.bfloat16, torch.float16])
fractions = st.floats(0.01, 1.0)


def tensors(drawn, dtype=torch.float32):
    return {name: torch.tensor(values, dtype=dtype) for name, values in drawn.items()}


def seeded(number):
    return torch.Generator().manual_seed(number)


def selected(scores, *args, **options):
    """The mask, or the name of the layer that would be empty."""
    try:
        return select(scores, *args, **options)
    except EmptyLayer as error:
        return error.layer


def are_highest(scores, mask, among=None):
    """Whether no candidate that is off has a higher score than one that is on."""
    among = torch.ones_like(mask) if among is None else among
    off = scores[among & ~mask]
    return not len(off) or not mask.any() or scores[mask].min() >= off.max()


@settings(max_examples=40, deadline=None)
@given(layers, fractions, dtypes)
def test_each_layer_keeps_its_count_of_the_highest(drawn, keep, dtype):
    scores = tensors(drawn, dtype)
    mask = selected(scores, keep)
    if isinstance(mask, str):
        assert round(keep * len(scores[mask])) == 0
        return
    for name, on in mask.items():
        assert on.count_nonzero() == round(keep * len(on))
        assert are_highest(scores[name].double(), on)


@settings(max_examples=40, deadline=None)
@given(layers, fractions, dtypes)
def test_all_layers_together_keep_the_count_of_the_highest(drawn, keep, dtype):
    scores = tensors(drawn, dtype)
    mask = selected(scores, keep, scope="global")
    if not isinstance(mask, str):
        assert mask.kept == round(keep * mask.size)
        assert are_highest(torch.cat([scores[name].double() for name in mask]), torch.cat([*mask.values()]))


@settings(max_examples=40, deadline=None)
@given(layers, st.lists(fractions, min_size=1, max_size=4), st.sampled_from(["layer", "global"]))
def test_masks_within_masks_are_nested_and_count_from_what_is_left(drawn, keeps, scope):
    scores, mask = tensors(drawn), None
    for number, keep in enumerate(keeps):
        before, mask = mask, selected(scores, keep, scope, mask, seeded(number))
        if isinstance(mask, str):
            return
        among = before or Mask.full(scores)
        assert (mask - among).kept == 0
        if scope == "global":
            assert mask.kept == round(keep * among.kept)
            flat = [torch.cat([*each.values()]) for each in (scores, mask, among)]
            assert are_highest(*flat)
        else:
            assert all(mask[n].count_nonzero() == round(keep * int(among[n].count_nonzero())) for n in mask)
            assert all(are_highest(scores[name], mask[name], among[name]) for name in mask)


@settings(max_examples=40, deadline=None)
@given(layers, fractions, st.sampled_from(["layer", "global"]), st.integers(0, 9))
def test_the_same_generator_gives_the_same_mask(drawn, keep, scope, seed):
    scores = tensors(drawn)
    first, second = (selected(scores, keep, scope, generator=seeded(seed)) for _ in range(2))
    assert first == second
    assert selected(scores, keep, scope) == selected(scores, keep, scope)


@pytest.mark.parametrize("scope", ["layer", "global"])
def test_every_choice_among_ties_is_as_likely(scope):
    scores = {"a": torch.tensor([1.0, 9.0, 1.0, 0.0]), "b": torch.tensor([1.0, 9.0, 1.0, 0.0])}
    generator, draws = seeded(0), 2000
    masks = [select(scores, 0.5, scope, generator=generator) for _ in range(draws)]
    won = Counter((name, place) for mask in masks for name in mask for place in (0, 2) if mask[name][place])
    assert len(won) == 4
    assert all(abs(times - draws / 2) < 5 * (draws / 4) ** 0.5 for times in won.values())
    if scope == "global":  # by lot over all layers: two of the four places, each of the six pairs as often
        pairs = Counter(mask["a"].count_nonzero().item() for mask in masks)
        assert abs(pairs[2] - draws * 4 / 6) < 5 * (draws * 4 / 6 * 2 / 6) ** 0.5


def test_all_tied_keeps_no_block_of_places():
    mask = select({"w": torch.zeros(10_000)}, 0.5)["w"]
    assert mask.count_nonzero() == 5000
    assert 2300 < mask[:5000].count_nonzero() < 2700
    other = select({"w": torch.zeros(10_000)}, 0.5, generator=seeded(1))["w"]
    assert not torch.equal(mask, other)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 300), fractions, st.integers(0, 5))
def test_like_a_sort_when_nothing_is_tied(size, keep, seed):
    scores = torch.randperm(size, generator=seeded(seed)).to(torch.int64)
    count = round(keep * size)
    if count:
        expected = np.zeros(size, bool)
        expected[np.argsort(scores.numpy())[size - count :]] = True
        assert select({"w": scores}, keep)["w"].tolist() == expected.tolist()


def test_infinities_are_ordinary():
    inf = float("inf")
    scores = {"w": torch.tensor([-inf, inf, 0.0, inf])}
    assert select(scores, 0.5)["w"].tolist() == [False, True, False, True]
    assert select(scores, 0.75)["w"].tolist() == [False, True, True, True]
    assert select({"w": torch.tensor([-inf, -inf, -inf, -inf])}, 0.5).kept == 2


@pytest.mark.parametrize("choose", [lambda scores: select(scores, 0.5), lambda scores: threshold(scores, 0.5)])
def test_scores_that_cannot_be_compared_name_their_layer(choose):
    with pytest.raises(ValueError, match=r"'bad' has NaN") as error:
        choose({"good": torch.ones(2), "bad": torch.tensor([1.0, float("nan")])})
    assert not isinstance(error.value, EmptyLayer)
    with pytest.raises(TypeError, match=r"scores must be real; 'bad' is torch.complex64"):
        choose({"bad": torch.ones(2, dtype=torch.complex64)})
    with pytest.raises(ValueError, match="scores must name at least one tensor"):
        choose({})
    with pytest.raises(TypeError, match=r"scores must be tensors; 'bad' is ndarray: torch.as_tensor makes one"):
        choose({"good": torch.ones(2), "bad": np.ones(2)})


def test_memory_order_shape_gradients_and_dtypes_are_of_no_account():
    plain = torch.arange(12.0).reshape(3, 4)
    turned = plain.T.contiguous().T.requires_grad_()
    wanted = plain >= 6
    assert torch.equal(select({"w": turned}, 0.5)["w"], wanted)
    assert torch.equal(select({"w": plain.int()}, 0.5)["w"], wanted)
    assert torch.equal(select({"w": plain.expand(2, 3, 4)}, 0.5)["w"], wanted.expand(2, 3, 4))
    assert torch.equal(select({"w": wanted}, 0.5)["w"], wanted)


def test_layers_of_different_dtypes_compare_as_numbers():
    third = torch.tensor([1 / 3])
    scores = {"narrow": third, "wide": third.double() - 1e-12, "whole": torch.tensor([0, 1])}
    mask = select({name: scores[name] for name in scores}, 0.75, scope="global")
    assert mask["narrow"].item()
    assert mask["wide"].item()
    assert mask["whole"].tolist() == [False, True]
    with pytest.raises(EmptyLayer) as error:
        select(scores, 0.5, scope="global")
    assert error.value.layer == "wide"


def test_one_entry_and_no_entries():
    scores = {"scalar": torch.tensor(3.0), "one": torch.ones(1), "none": torch.ones(0, 5)}
    for scope in ("layer", "global"):
        mask = select(scores, 1.0, scope)
        assert mask == Mask.full(scores)
    with pytest.raises(EmptyLayer, match=r"'scalar' would keep none of 1: keep more"):
        select(scores, 0.4)


@pytest.mark.parametrize("scope", ["layer", "global"])
def test_an_emptied_layer_is_an_error_that_says_which(scope):
    scores = {"big": torch.arange(50.0) + 9, "small": torch.arange(2.0)}
    with pytest.raises(EmptyLayer, match="'small' would keep none of 2") as error:
        select(scores, 0.2, scope)
    assert error.value.layer == "small"
    assert pickle.loads(pickle.dumps(error.value)).layer == "small"
    nothing = Mask({"big": torch.ones(50) > 0, "small": torch.ones(2) < 0})
    with pytest.raises(EmptyLayer, match="'small' would keep none of 0"):
        select(scores, 1.0, scope, within=nothing)


def test_patterns_give_layers_their_own_fractions_first_match_first():
    scores = {name: torch.arange(10.0) for name in ("conv1.weight", "conv2.weight", "fc[0]")}
    mask = select(scores, {"conv1*": 0.5, "conv*": 0.2, "fc[0]": 0.1})
    assert mask.densities() == {"conv1.weight": 0.5, "conv2.weight": 0.2, "fc[0]": 0.1}
    with pytest.raises(ValueError, match=r"keep must give a number for 'fc\[0\]'.*add a last pattern '\*'"):
        select(scores, {"conv*": 0.5})
    with pytest.raises(ValueError, match=r"keep must be one of .*got 'conv3\.weight' \(did you mean 'conv"):
        select(scores, {"conv3.weight": 0.5, "*": 0.2})
    with pytest.raises(TypeError, match="keep must be one number with scope='global'"):
        select(scores, {"*": 0.5}, scope="global")
    with pytest.raises(TypeError, match="keep must map patterns of names to numbers; got the pattern 0"):
        select(scores, {0: 0.5})


@pytest.mark.parametrize("keep", [0, -0.1, 1.5, float("nan"), float("inf"), True, "0.5", None, {"*": 2}])
def test_a_fraction_outside_its_range_is_refused(keep):
    with pytest.raises(ValueError, match=r"keep must be in \(0, 1\]; got .*: it is the fraction kept"):
        select({"w": torch.ones(4)}, keep)


def test_numbers_of_numpy_are_numbers():
    assert select({"w": torch.arange(4.0)}, np.float32(0.5)).kept == 2
    assert threshold({"w": torch.arange(4.0)}, np.float32(2)).kept == 2


def test_an_unknown_scope_is_refused():
    with pytest.raises(
        ValueError, match=r"scope must be one of 'layer', 'global'; got 'gobal' \(did you mean 'global'"
    ):
        select({"w": torch.ones(4)}, 0.5, scope="gobal")


def test_within_must_be_of_the_same_tensors():
    with pytest.raises(ValueError, match=r"'w' is \[3\] in the mask, \[4\] outside"):
        select({"w": torch.ones(4)}, 0.5, within=Mask({"w": torch.ones(3) > 0}))


@settings(max_examples=40, deadline=None)
@given(layers, st.floats(-3, 3, width=32))
def test_a_threshold_keeps_what_reaches_it(drawn, cutoff):
    scores = tensors(drawn)
    expected = {name: flat >= cutoff for name, flat in scores.items()}
    if all(on.any() for on in expected.values()):
        assert threshold(scores, cutoff) == Mask(expected)
    else:
        with pytest.raises(EmptyLayer):
            threshold(scores, cutoff)


def test_a_threshold_per_layer_and_within():
    scores = {"a": torch.tensor([1.0, 2.0, 3.0]), "b": torch.tensor([1.0, 2.0, 3.0])}
    within = Mask({"a": torch.tensor([True, True, False]), "b": torch.tensor([False, True, True])})
    mask = threshold(scores, {"a": 2.0, "*": 2.5}, within)
    assert (mask["a"].tolist(), mask["b"].tolist()) == ([False, True, False], [False, False, True])
    for bad in (float("nan"), None, {"*": "1"}):
        with pytest.raises(ValueError, match="cutoff must be a number; got"):
            threshold(scores, bad)  # type: ignore[arg-type]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("scope", ["layer", "global"])
def test_a_gpu_selects_the_same(scope):
    scores = {name: torch.randn(1000, generator=seeded(i)).round(decimals=1) for i, name in enumerate("ab")}
    within = select(scores, 0.7)
    there = {name: tensor.cuda() for name, tensor in scores.items()}
    mask = select(there, 0.3, scope, within, seeded(3))
    assert all(on.is_cuda for on in mask.values())
    assert mask.to("cpu") == select(scores, 0.3, scope, within, seeded(3))
