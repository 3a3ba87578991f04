"""Distances and angles against numbers worked out by hand and against one flat vector."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from rewire.masks import Mask
from rewire.tickets.stability import angle, distance

A = {"u": torch.tensor([[1.0, 2.0], [0.0, 4.0]]), "v": torch.tensor([3.0])}
B = {"u": torch.tensor([[1.0, 0.0], [9.0, 3.0]]), "v": torch.tensor([1.0])}
MASK = Mask({"u": torch.tensor([[True, True], [False, True]]), "v": torch.tensor([True])})


def test_by_hand():
    assert distance(A, B, MASK) == pytest.approx(3.0)  # (0, 2, 1, 2)
    assert distance(A, B) == pytest.approx(math.sqrt(90))  # and 9 where the mask is off
    assert angle(A, B, MASK) == pytest.approx(math.degrees(math.acos(16 / math.sqrt(30 * 11))))
    assert distance(A, B, Mask({"v": torch.tensor([True])})) == 2.0  # tensors that the mask does not name do not count


@pytest.mark.parametrize(("factor", "degrees"), [(2.0, 0.0), (-0.5, 180.0)])
def test_angles_do_not_see_lengths(factor, degrees):
    assert angle(A, {name: factor * tensor for name, tensor in A.items()}) == pytest.approx(degrees)


def test_small_angles_are_not_lost_in_rounding():
    # The cosine of a thousandth of a degree is 1 - 1.5e-10; acos of the nearest float32 would be 0 or 0.02.
    theta = math.radians(1e-5)
    a, b = torch.tensor([1.0, 0.0]).double(), torch.tensor([math.cos(theta), math.sin(theta)]).double()
    assert angle({"w": a}, {"w": b}) == pytest.approx(1e-5, rel=1e-9)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32), st.floats(0.1, 1))
def test_as_of_one_flat_vector(seed, density):
    generator = torch.Generator().manual_seed(seed)
    shapes = {"a": (3, 4), "a.b": (5,), "c": ()}
    x, y = ({name: torch.randn(shape, generator=generator) for name, shape in shapes.items()} for _ in range(2))
    mask = Mask(
        {name: torch.rand(shape, generator=generator) < density for name, shape in shapes.items()} | {"a": x["a"] != 0}
    )
    flat = [torch.cat([(mask[name] * z[name]).flatten() for name in shapes]).double() for z in (x, y)]
    assert distance(x, y, mask) == pytest.approx(float((flat[0] - flat[1]).norm()))
    cosine = float(flat[0] @ flat[1] / flat[0].norm() / flat[1].norm())
    assert angle(x, y, mask) == pytest.approx(math.degrees(math.acos(cosine)), abs=1e-5)


def test_networks_count_by_their_parameters_and_state_dicts_by_their_floats():
    a, b = (nn.BatchNorm1d(2) for _ in range(2))
    b.num_batches_tracked.fill_(100)
    assert distance(a.state_dict(), b.state_dict()) == 0.0
    nn.init.constant_(b.bias, 2.0)
    assert distance(a, b) == pytest.approx(math.sqrt(8))


def test_half_precision_is_summed_in_double():
    ones = {"w": torch.ones(300, dtype=torch.bfloat16)}
    assert distance(ones, {"w": torch.zeros(300, dtype=torch.bfloat16)}) == pytest.approx(math.sqrt(300))


@pytest.mark.parametrize(
    ("a", "b", "mask", "message"),
    [
        (A, {"u": A["u"]}, None, r"'v' is \[1\] in a, absent in b"),
        ({"v": A["v"]}, B, MASK, r"'u' is absent in a, \[2, 2\] in b, \[2, 2\] in mask"),
        (A, B | {"u": torch.zeros(2)}, None, r"'u' is \[2, 2\] in a, \[2\] in b"),
        (A, B, Mask({"v": torch.tensor(True)}), r"'v' is \[1\] in a, \[1\] in b, \[\] in mask"),
    ],
)
def test_networks_that_do_not_match_are_refused(a, b, mask, message):
    with pytest.raises(ValueError, match=message):
        distance(a, b, mask)


def test_zeros_have_no_direction():
    with pytest.raises(ValueError, match="must have a non-zero weight on the mask"):
        angle(A, {name: torch.zeros_like(tensor) for name, tensor in A.items()})


def test_complex_weights_count_with_both_their_parts():
    a, b = {"w": torch.tensor([1j, 2.0])}, {"w": torch.tensor([0j, 2.0])}
    assert distance(a, b) == 1.0
    assert distance(a, b, Mask({"w": torch.tensor([True, False])})) == 1.0
    assert angle({"w": torch.tensor([1j])}, {"w": torch.tensor([1.0])}) == pytest.approx(90)
