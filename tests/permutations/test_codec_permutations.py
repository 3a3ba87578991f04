"""Coding of orders: every order comes back, bit for bit, in log2 of the number of orders."""

import math
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rewire.permutations import codec, lehmer
from rewire.permutations.codec import Plan, decode, encode, information, profile, same_values
from rewire.permutations.rows import bits

DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
KINDS = ["different", "ties", "sparse", "zeros of both signs", "signs", "alike", "not numbers"]


def values(kind, shape, dtype, seed=0):
    drawn = torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    on = torch.rand(shape, generator=torch.Generator().manual_seed(seed + 1)) < 0.3
    made = {
        "different": drawn,
        "ties": (2 * drawn).round() / 2,
        "sparse": torch.where(on, drawn, 0.0),
        "zeros of both signs": drawn * on,
        "signs": drawn.sign(),
        "alike": torch.ones(shape),
        "not numbers": torch.where(on, drawn, math.nan),
    }
    return made[kind].to(dtype)


def shuffled(initial, seed=0):
    order = torch.rand(initial.shape, generator=torch.Generator().manual_seed(seed)).argsort(1)
    return bits(initial).gather(1, order).view(initial.dtype)  # torch may change the bits of a NaN that it gathers


@st.composite
def cases(draw):
    shape = draw(st.tuples(st.integers(0, 9), st.integers(0, 30)))
    initial = values(draw(st.sampled_from(KINDS)), shape, draw(st.sampled_from(DTYPES)), draw(st.integers(0, 99)))
    return initial, shuffled(initial, draw(st.integers(0, 99)))


@settings(max_examples=150)
@given(cases(), st.sampled_from([1, 40, codec.PART]), st.sampled_from([4, codec.WIDE]))
def test_any_order_of_any_values_comes_back_bit_for_bit(case, part, wide):
    initial, rows = case
    whole = codec.PART, codec.WIDE, codec.LOW
    try:
        codec.PART, codec.WIDE, codec.LOW = part, wide, 1 if wide == 4 else codec.LOW
        encoded = encode(rows, initial)
        decoded = decode(encoded, shuffled(initial, 7))  # in whichever order the initial values are
    finally:
        codec.PART, codec.WIDE, codec.LOW = whole
    assert torch.equal(bits(decoded), bits(rows))
    assert torch.equal(encode(rows, initial), encoded) or part != codec.PART or wide == 4


@given(cases())
def test_information_counts_the_orders(case):
    counts = [Counter(row).values() for row in bits(case[0]).tolist()]
    orders = [math.factorial(sum(row)) // math.prod(map(math.factorial, row)) for row in counts]
    assert information(case[0]) == pytest.approx(sum(map(math.log2, orders)), abs=1e-8)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(60, 784), (200, 27), (1, 20_000), (20, 784, 0.1), (60, 784, 0.05)])
def test_close_to_the_bound(dtype, shape):
    initial = values("different", shape[:2], dtype)
    if len(shape) > 2:
        initial[torch.rand(initial.shape, generator=torch.Generator().manual_seed(3)) > shape[2]] = 0.0
    encoded = encode(shuffled(initial), initial)
    bound, distinct = information(initial) / 8, shape[0] * math.lgamma(shape[1] + 1) / math.log(2) / 8
    assert bound - 1 <= len(encoded) <= 1.005 * distinct + 4
    if shape[0] > 1:  # of a tensor's first rows it may be told which of equal values stands where
        assert len(encoded) <= 1.005 * bound + 60


def test_rows_longer_than_the_coder_counts():
    initial = torch.arange(300_000.0).reshape(1, -1)
    rows = shuffled(initial)
    encoded = encode(rows, initial)
    assert torch.equal(decode(encoded, initial), rows)
    assert len(encoded) <= 1.005 * information(initial) / 8


def naive_digits(places, coded):
    """Lehmer's code by its definition."""
    free, digits = sorted(places), []
    for place, told in zip(places, coded):
        if told:
            digits.append(free.index(place))
            free.remove(place)
    return digits


@given(st.data(), st.integers(1, 40))
def test_kernels_equal_the_definition(data, n):
    row = np.sort(np.array(data.draw(st.lists(st.integers(0, 9), min_size=n, max_size=n)), np.int32))[None]
    plan = Plan.of(row)
    runs = Counter(row[0].tolist())
    longest = next(value for value in row[0].tolist() if runs[value] == max(runs.values()))
    assert plan.coded[0].tolist() == (row[0] != longest).tolist()
    assert plan.free[plan.coded].tolist() == [n - i for i in range(n - runs[longest])]
    ends = {value: np.flatnonzero(row[0] == value)[-1] for value in runs}
    assert plan.left[0].tolist() == [ends[value] - j + 1 for j, value in enumerate(row[0].tolist())]
    places = np.array(data.draw(st.permutations(range(n))), np.int64)[None]
    digits, back = np.zeros((1, n), np.int32), np.empty((1, n), np.int64)
    lehmer.to_digits(places, plan.coded, digits)
    assert digits[plan.coded].tolist() == naive_digits(places[0].tolist(), plan.coded[0].tolist())
    lehmer.to_places(digits, plan.coded, back)
    assert np.array_equal(back[plan.coded], places[plan.coded])
    assert back[~plan.coded].tolist() == sorted(places[~plan.coded].tolist())


@given(st.data(), st.lists(st.integers(0, 4), min_size=1, max_size=30))
def test_what_was_drawn_for_equal_values_is_found_again(data, listed):
    row = np.sort(np.array(listed, np.int32))[None]
    plan = Plan.of(row)
    places = np.argsort(data.draw(st.permutations(listed)), kind="stable")[None].astype(np.int64)
    drawn = np.array([[data.draw(st.integers(0, left - 1)) for left in plan.left[0]]], np.int32) * plan.coded
    before, found = places.copy(), np.zeros_like(drawn)
    lehmer.shuffle(places, drawn)
    lehmer.unshuffle(places, plan.coded, plan.left, found)
    assert np.array_equal(found, drawn)
    assert np.array_equal(np.sort(places), np.sort(before))


def test_orders_of_other_values_are_refused():
    initial = torch.randn(5, 30)
    assert same_values(initial.flip(1), initial)
    changed = initial.clone()
    changed[4, 7] = 0.5
    for other in (changed, initial.flip(0), -initial):
        assert not same_values(other, initial)
        with pytest.raises(ValueError, match="rows must hold the values of initial"):
            encode(other, initial)
    for other in (initial[:4], initial.double(), initial[0]):
        with pytest.raises(ValueError, match=r"rows must be .* like initial; got"):
            encode(other, initial)
    zeros = torch.zeros(1, 4)
    with pytest.raises(ValueError, match="rows must hold"):
        encode(-zeros, zeros)


def test_what_encodes_no_order_is_refused():
    initial = torch.randn(50, 30)
    encoded = encode(shuffled(initial), initial)
    for damaged in (torch.cat([encoded, encoded]), torch.cat([encoded, encoded[:9]]), encoded + 1):
        with pytest.raises(ValueError, match="encoded must be of rows with the initial values"):
            decode(damaged, initial)
    for damaged in (encoded.float(), encoded.reshape(1, -1)):
        with pytest.raises(ValueError, match="encoded must be flat bytes"):
            decode(damaged, initial)
    with pytest.raises(ValueError, match="encoded must be flat bytes"):
        decode(encoded, initial[0])


@settings(max_examples=60)
@given(st.binary(max_size=60), cases(), st.sampled_from([4, codec.WIDE]))
def test_any_bytes_are_an_order_or_refused(content, case, wide):
    initial, whole = case[0], (codec.WIDE, codec.LOW)
    try:
        codec.WIDE, codec.LOW = wide, 1 if wide == 4 else codec.LOW
        rows = decode(torch.tensor(list(content), dtype=torch.uint8), initial)
    except ValueError:
        return
    finally:
        codec.WIDE, codec.LOW = whole
    assert np.array_equal(profile(rows), profile(initial))
