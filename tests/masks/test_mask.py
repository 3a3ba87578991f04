"""Masks are values with the algebra of sets."""

import copy
import pickle

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import rewire
from rewire.masks import Mask, hamming, overlap

SHAPES = {"fc.weight": (3, 4), "fc.bias": (), "empty": (0, 2), "x": (1,)}


@st.composite
def triples(draw):
    """Three masks of the same names and shapes."""
    bits = st.randoms(use_true_random=False)
    return [
        Mask({name: torch.tensor(draw(bits).choices([False, True], k=12))[: _size(shape)].reshape(shape)
              for name, shape in SHAPES.items()})
        for _ in range(3)
    ]  # fmt: skip


def _size(shape):
    return int(torch.Size(shape).numel())


def on(*flags, name="w"):
    return Mask({name: torch.tensor(flags)})


@settings(max_examples=40, deadline=None)
@given(triples())
def test_the_laws_of_sets(masks):
    a, b, c = masks
    full = Mask.full(a)
    assert a & b == b & a
    assert a | (b & c) == (a | b) & (a | c)
    assert ~(a & b) == ~a | ~b
    assert ~~a == a
    assert a - b == a & ~b
    assert a ^ b == (a | b) - (a & b)
    assert (a | ~a) == full
    assert (a & ~a).kept == 0
    assert (a | b).kept == a.kept + b.kept - (a & b).kept


@settings(max_examples=40, deadline=None)
@given(triples())
def test_distances_agree_with_counts(masks):
    a, b, _ = masks
    different = sum(int((a[name] != b[name]).sum()) for name in a)
    union = sum(int((a[name] | b[name]).sum()) for name in a)
    assert hamming(a, b) == different / a.size
    assert overlap(a, b) == ((union - different) / union if union else 1.0)
    assert (hamming(a, a), overlap(a, a), overlap(a, ~a)) == (0.0, 1.0, 0.0)


def test_counts_and_densities():
    mask = Mask({"a": torch.tensor([[True, False], [False, False]]), "b": torch.tensor(True), "c": torch.ones(0) > 0})
    assert (mask.kept, mask.size, mask.density) == (2, 5, 0.4)
    assert mask.densities() == {"a": 0.25, "b": 1.0, "c": 1.0}
    assert repr(mask) == "Mask(3 tensors, 2 of 5 on, density 0.4)"
    assert (Mask({}).density, Mask({}).size, hamming(Mask({}), Mask({}))) == (1.0, 0, 0.0)


def test_a_mask_does_not_change_with_what_it_was_made_of():
    tensors = {"w": torch.tensor([True, False])}
    mask = Mask(tensors)
    tensors["w"].fill_(False)
    tensors["v"] = tensors["w"]
    assert mask == on(True, False)
    with pytest.raises(TypeError, match="does not support item assignment"):
        mask["w"] = tensors["w"]
    with pytest.raises(TypeError, match="unhashable"):
        hash(mask)


def test_equality_is_about_entries_not_order_or_other_types():
    a, b = torch.tensor([True]), torch.tensor([False])
    assert Mask({"a": a, "b": b}) == Mask({"b": b, "a": a})
    assert Mask({"a": a}) != Mask({"a": b})
    assert Mask({"a": a}) != Mask({"b": a})
    assert Mask({"a": a}) != Mask({"a": a.reshape(1, 1)})
    assert Mask({"a": a}) != {"a": a}


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda mask: pickle.loads(pickle.dumps(mask)), lambda m: m.to("cpu")]
)
def test_copies_are_equal(copied):
    mask = on(True, False, True)
    assert copied(mask) == mask


def test_memory_order_is_of_no_account():
    turned = (torch.arange(6).reshape(2, 3) % 2 == 0).T
    assert Mask({"w": turned}) == Mask({"w": turned.contiguous()})


def test_apply_gives_new_tensors_of_the_same_dtype_that_are_exactly_zero_where_off():
    values = {"w": torch.tensor([1.0, float("inf"), float("nan")], dtype=torch.bfloat16)}
    applied = on(True, False, False).apply(values)["w"]
    assert applied.tolist() == [1.0, 0.0, 0.0]
    assert applied.dtype == torch.bfloat16
    assert values["w"].isinf().any()


def test_gradients_pass_through_apply_where_on():
    weight = torch.ones(2, requires_grad=True)
    on(True, False).apply({"w": weight})["w"].sum().backward()
    assert weight.grad.tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"v": torch.ones(2)}, r"'w' is \[2\] in the mask, absent outside"),
        ({"w": torch.ones(2), "v": torch.ones(3)}, r"'v' is absent in the mask, \[3\] outside"),
        ({"w": torch.ones(2, 1)}, r"'w' is \[2\] in the mask, \[2, 1\] outside"),
        ({}, r"'w' is \[2\] in the mask, absent outside"),
    ],
)
def test_what_does_not_match_is_named(other, message):
    mask = on(True, False)
    for use in (mask.check, mask.apply, lambda tensors: mask & Mask.full(tensors)):
        with pytest.raises(ValueError, match=message):
            use(other)


def test_only_boolean_tensors_make_a_mask():
    with pytest.raises(TypeError, match=r"boolean tensors; 'w' is torch.float32: compare first"):
        Mask({"w": torch.ones(2)})
    with pytest.raises(TypeError, match="'w' is list"):
        Mask({"w": [True]})  # type: ignore[dict-item]
    with pytest.raises(TypeError, match="unsupported operand"):
        on(True) & {"w": torch.tensor([True])}


@pytest.mark.parametrize("tensors", [None, [("w", torch.tensor([True]))], {0: torch.tensor([True])}])
def test_names_are_text(tensors):
    """A file would hold the number as text, or not at all."""
    with pytest.raises(TypeError, match=r"mask must .*; got"):
        Mask(tensors)


def test_it_is_at_hand_without_knowing_the_rooms():
    assert rewire.Mask is Mask
    assert rewire.masks.Mask is Mask
