"""Entropy coding: the mask comes back, in little more than its entropy."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rewire.masks import codec
from rewire.masks.codec import decode, encode, entropy

masks = hnp.arrays(bool, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=9))


def sparse(size, density, seed=0):
    return torch.rand(size, generator=torch.Generator().manual_seed(seed)) < density


@settings(max_examples=40, deadline=None)
@given(masks, st.sampled_from([1, 3, 64, codec.CHUNK]))
def test_decoding_what_was_encoded_gives_the_mask_however_it_is_cut(array, chunk):
    mask, whole = torch.from_numpy(np.asarray(array)), codec.CHUNK
    try:
        codec.CHUNK = chunk
        encoded = encode(mask)
        assert torch.equal(decode(encoded, mask.shape, int(mask.sum())), mask)
    finally:
        codec.CHUNK = whole
    assert torch.equal(encoded, encode(mask))


@pytest.mark.parametrize("density", [0.5, 0.2, 0.05, 0.01, 0.001, 1e-5, 0.99])
def test_close_to_the_entropy(density):
    mask = sparse(3_000_000, density)
    kept = int(mask.count_nonzero())
    encoded = encode(mask)
    assert torch.equal(decode(encoded, mask.shape, kept), mask)
    bound = entropy(mask.numel(), kept) / 8
    assert bound <= len(encoded) + 1
    assert len(encoded) <= 1.01 * bound + 12


def test_single_entries_at_either_end_of_a_long_mask():
    for place in (0, 2_099_999):
        for mask in (torch.zeros(2_100_000) > 0, torch.zeros(2_100_000) == 0):
            mask[place] = ~mask[place]
            encoded = encode(mask)
            assert len(encoded) <= 12
            assert torch.equal(decode(encoded, mask.shape, int(mask.count_nonzero())), mask)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 30_000), st.integers(0, 30_000), st.integers(0, 2**32))
def test_masks_whose_entries_come_in_runs(before, run, seed):
    """Empty rows and ends of a layer cost the coder less than the entropy, which no reader may hold against them."""
    mask = torch.zeros(30_000, dtype=torch.bool)
    mask[before : before + run] = sparse(len(mask[before : before + run]), 0.7, seed)
    assert torch.equal(decode(encode(mask), mask.shape, int(mask.sum())), mask)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 10**6), st.floats(0, 1))
def test_the_entropy_is_that_of_the_formula(size, fraction):
    kept = round(size * fraction)
    density = kept / size
    terms = [p * math.log2(p) for p in (density, 1 - density) if p]
    assert entropy(size, kept) == pytest.approx(-size * sum(terms), abs=1e-6)
    assert entropy(0, 0) == 0


def test_alike_entries_take_no_bytes():
    for mask in (torch.ones(5, 5) > 0, torch.zeros(5, 5) > 0, torch.ones(0, 5) > 0):
        assert len(encode(mask)) == 0


def test_what_encodes_no_such_mask_is_refused():
    mask = sparse(10_000, 0.05)
    encoded, kept = encode(mask), int(mask.count_nonzero())
    for shape, count in [((10_000,), kept + 5000), ((10_000,), 10_001), ((10,), kept), ((5_000, 20), kept)]:
        with pytest.raises(ValueError, match="encoded must"):
            decode(encoded, shape, count)
    for damaged in (encoded[:-4], encoded[:-1], encoded[4:], encoded.float(), encoded.reshape(1, -1), encoded[:0]):
        with pytest.raises(ValueError, match="encoded must be"):
            decode(damaged, (10_000,), kept)
    with pytest.raises(ValueError, match="encoded must be"):
        decode(encoded, (10_000,), 0)
    for place in range(0, len(encoded), 9):  # whatever it decodes to, a coder that had written it would not be empty
        damaged = encoded.clone()
        damaged[place] ^= 4
        with pytest.raises(ValueError, match="it is of another, or damaged"):
            decode(damaged, (10_000,), kept)
    with pytest.raises(TypeError, match=r"mask must be a boolean tensor; got torch.uint8"):
        encode(encoded)


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 2000), st.integers(0, 2000))
def test_any_bytes_are_a_mask_of_that_count_or_refused(content, size, kept):
    encoded = torch.tensor(list(content), dtype=torch.uint8)
    try:
        mask = decode(encoded, (size,), kept)
    except ValueError:
        return
    assert (mask.shape, int(mask.count_nonzero())) == ((size,), kept)
