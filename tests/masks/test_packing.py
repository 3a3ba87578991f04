"""Masks as bits, and back."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rewire.masks import pack, unpack

masks = hnp.arrays(bool, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=9))


@given(masks)
def test_unpacking_what_was_packed_gives_the_mask_from_one_bit_each(array):
    mask = torch.from_numpy(np.asarray(array))
    packed = pack(mask)
    assert packed.dtype == torch.uint8
    assert packed.shape == ((mask.numel() + 7) // 8,)
    assert torch.equal(unpack(packed, mask.shape), mask)


@given(masks, st.data())
def test_memory_order_does_not_matter(array, data):
    mask = torch.from_numpy(np.asarray(array))
    turned = mask.permute(data.draw(st.permutations(range(mask.ndim))))
    assert torch.equal(pack(turned), pack(turned.contiguous()))


def test_the_first_entry_is_the_highest_bit():
    assert pack(torch.tensor([True] + [False] * 8 + [True])).tolist() == [128, 64]


@given(st.integers(0, 40), st.integers(0, 40))
def test_bits_of_another_size_are_refused(size, other):
    packed = pack(torch.ones(size, dtype=torch.bool))
    if (size + 7) // 8 != (other + 7) // 8:
        with pytest.raises(ValueError, match=r"packed must be .* bytes for shape"):
            unpack(packed, (other,))
    elif other < size:
        with pytest.raises(ValueError, match=f"must end in zero bits after entry {other}"):
            unpack(packed, (other,))
    else:
        assert unpack(packed, (other,)).sum() == size


def test_other_dtypes_are_refused():
    with pytest.raises(TypeError, match=r"mask must be a boolean tensor; got torch.float32: compare first"):
        pack(torch.ones(3))
    with pytest.raises(ValueError, match=r"got .* of torch.int64"):
        unpack(torch.zeros(1, dtype=torch.int64), (8,))
