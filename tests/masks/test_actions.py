"""Mask-one actions: which values come back, how many, where, and from which seed."""

from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from rewire.masks import Mask
from rewire.masks.acting import act, resolve
from rewire.masks.actions import (
    MASK_ONE,
    constant,
    deviation,
    fallen,
    keep_sign,
    reinit,
    reinit_shuffled,
    reshuffle,
    rewind,
    rewind_risen,
)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def glorot(tensor, generator):
    return nn.init.xavier_normal_(tensor, generator=generator)


def from_five(tensor, generator):
    return nn.init.uniform_(tensor, 5, 6, generator=generator)


@st.composite
def layers(draw):
    """Distinct non-zero initial values and a mask, of any shape with 0 to 4 dimensions, empty ones included."""
    shape = draw(st.lists(st.integers(0, 5), max_size=4))
    size = torch.Size(shape).numel()
    bits = draw(st.lists(st.booleans(), min_size=size, max_size=size))
    return torch.arange(1.0, size + 1).reshape(shape), torch.tensor(bits, dtype=torch.bool).reshape(shape)


@settings(max_examples=100, deadline=None)
@given(layers(), st.integers(0, 2**32))
def test_reshuffle_keeps_exactly_the_kept_values(layer, seed):
    init, mask = layer
    shuffled = reshuffle(init, mask, seeded(seed))
    assert (shuffled != 0).equal(mask)
    assert shuffled[mask].sort().values.equal(init[mask])
    assert shuffled.equal(reshuffle(init, mask, seeded(seed)))


@settings(max_examples=100, deadline=None)
@given(layers(), st.integers(0, 2**32))
def test_shuffling_draws_from_all_values_and_repeats_none(layer, seed):
    init, mask = layer
    shuffled = reinit_shuffled(init, mask, seeded(seed))
    assert (shuffled != 0).equal(mask)
    assert len(shuffled[mask].unique()) == mask.count_nonzero()
    assert torch.isin(shuffled[mask], init).all()
    # The order is the mask's in no way: with everything kept, the same seed shows where each value went.
    assert shuffled[mask].equal(reinit_shuffled(init, torch.ones_like(mask), seeded(seed))[mask])


def test_a_shuffle_reaches_values_that_were_pruned_and_a_reshuffle_does_not():
    init, mask = torch.arange(1.0, 101.0), torch.arange(100) < 10
    assert reinit_shuffled(init, mask, seeded()).max() > 10
    assert reshuffle(init, mask, seeded()).max() == 10


@settings(max_examples=50, deadline=None)
@given(layers(), st.integers(0, 2**32))
def test_a_new_draw_is_the_initialisers_own(layer, seed):
    init, mask = layer
    drawn = reinit(init, mask, seeded(seed), from_five)
    assert (drawn != 0).equal(mask)
    assert drawn.equal(from_five(torch.empty(init.shape), seeded(seed)) * mask)


def test_a_new_draw_has_the_fans_of_the_dense_layer():
    init, mask = torch.zeros(400, 300), torch.rand(400, 300, generator=seeded(1)) < 0.1
    drawn = reinit(init, mask, seeded(), glorot)
    assert drawn[mask].std().item() == pytest.approx((2 / 700) ** 0.5, rel=0.05)


@pytest.mark.parametrize("action", [reinit_shuffled, reshuffle, lambda i, m, g: reinit(i, m, g, from_five)])
def test_the_input_is_left_alone_and_dtype_and_strides_do_not_matter(action):
    init = nn.Parameter(torch.arange(1.0, 7.0).reshape(2, 3).to(torch.bfloat16).t())
    mask = torch.tensor([[True, False], [True, True], [False, True]])
    before = init.detach().clone()
    values = action(init, mask, seeded())
    assert values.dtype == torch.bfloat16
    assert not values.requires_grad
    assert init.equal(before)
    assert values.equal(action(before.contiguous(), mask, seeded()))


@pytest.mark.parametrize("action", [reinit_shuffled, reshuffle, lambda i, m, g: reinit(i, m, g, from_five)])
def test_masks_of_another_kind_are_refused(action):
    with pytest.raises(TypeError, match="mask must be a boolean tensor"):
        action(torch.ones(3), torch.ones(3), seeded())
    with pytest.raises(ValueError, match=r"mask must have the shape of init, \[3\]; got \[1\]"):
        action(torch.ones(3), torch.ones(1, dtype=torch.bool), seeded())


def test_acting_on_a_network_changes_the_masked_layers_only():
    values = {"a": torch.arange(1.0, 51.0), "b": torch.ones(2), "c": torch.arange(1.0, 51.0)}
    mask = Mask({name: torch.ones(50, dtype=torch.bool) for name in "ac"})
    after = act(reshuffle, values, mask, seeded())
    assert list(after) == list(values)
    assert after["b"] is values["b"]
    assert not after["a"].equal(after["c"])  # one generator, one draw after another
    with pytest.raises(ValueError, match="mask must name tensors of values; got 'c'"):
        act(reshuffle, {"a": values["a"]}, mask, seeded())


def test_rewinding_restarts_kept_weights_or_only_those_that_rose():
    init, final = torch.tensor([1.0, -1.0, 1.0, -1.0]), torch.tensor([0.5, -2.0, -1.0, 3.0])
    mask = torch.tensor([True, True, True, False])
    assert rewind(init, mask).tolist() == [1.0, -1.0, 1.0, 0.0]
    assert fallen(init, final).tolist() == [True, False, False, False]
    assert rewind_risen(init, final, mask).tolist() == [0.0, -1.0, 1.0, 0.0]


@settings(max_examples=50)
@given(layers(), st.integers(0, 2**32))
def test_constants_are_the_layers_deviation_with_either_sign(layer, seed):
    init, mask = layer
    values = constant(init, mask, seeded(seed))
    assert values.abs().equal(deviation(init) * mask)
    assert init.numel() < 2 or deviation(init).item() == pytest.approx(init.std(correction=0).item(), rel=1e-5)


def test_random_signs_are_fair():
    values = constant(torch.randn(10_000, generator=seeded(1)), torch.ones(10_000, dtype=torch.bool), seeded())
    assert abs(values.sign().mean()) < 0.05


@pytest.mark.parametrize("name", MASK_ONE)
def test_keeping_signs_changes_nothing_but_signs(name):
    init, final = torch.randn(20, 10, generator=seeded(1)), torch.randn(20, 10, generator=seeded(2))
    mask = torch.rand(20, 10, generator=seeded(3)) < 0.4
    plain, signed = (
        act(action, {"w": init}, {"w": mask}, seeded(), {"w": final})["w"]
        for action in (MASK_ONE[name], keep_sign(name))
    )
    assert signed.abs().equal(plain.abs())
    assert (signed * init >= 0).all()
    assert not signed[~mask].view(torch.int32).any()  # not even -0


def test_a_new_draw_can_keep_signs_too():
    init, mask = torch.randn(30, generator=seeded(1)), torch.ones(30, dtype=torch.bool)
    signed = keep_sign(partial(reinit, initialiser=from_five))
    values = signed(init, mask, seeded())
    assert values.sign().equal(init.sign())
    assert (values.abs() >= 5).all()


def test_unknown_and_unfit_actions_are_refused():
    with pytest.raises(ValueError, match=r"mask_one must be one of .*did you mean 'reshuffle'"):
        resolve("reshufle", MASK_ONE, "mask_one")
    with pytest.raises(TypeError, match="mask_one must be a name or a function of init"):
        resolve(3, MASK_ONE, "mask_one")
    with pytest.raises(ValueError, match=r"got 'reinit', which needs 'initialiser': functools\.partial"):
        resolve(reinit, MASK_ONE, "mask_one")
    values, mask = {"w": torch.ones(3)}, {"w": torch.ones(3, dtype=torch.bool)}
    with pytest.raises(ValueError, match="action 'reshuffle' must be given 'generator'"):
        act(reshuffle, values, mask)
    with pytest.raises(ValueError, match="action 'rewind_risen' must be given 'final'"):
        act(rewind_risen, values, mask, seeded())
    with pytest.raises(ValueError, match=r"must return values of shape \[3\] for 'w'; got \[2\]"):
        act(lambda init: init[:2], values, mask)
