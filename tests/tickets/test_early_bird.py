"""Early-bird tickets: masks by hand, the queue step by step, and what is drawn when."""

from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from rewire.masks import Mask, hamming
from rewire.tickets.early_bird import EarlyBird, channel_mask, magnitude_mask, scaling_factors, scaling_penalty


def normalised(*factors):
    """A network whose BatchNorm layers have these scaling factors."""
    layers = [nn.BatchNorm1d(len(each)) for each in factors]
    for layer, each in zip(layers, factors):
        layer.weight.data = torch.tensor(each)
    return nn.Sequential(*layers)


def watching(masks, **options):
    """What an EarlyBird says to one mask after another."""
    queue = iter(masks)
    early = EarlyBird(lambda model: next(queue), **options)
    return [early.update(nn.Identity()) for _ in masks], early


def bits(*on, size=10):
    return Mask({"w": torch.isin(torch.arange(size), torch.tensor(on))})


def test_the_percentile_is_of_all_layers_together_and_of_absolute_values():
    model = normalised([0.9, -0.8, 0.7, 0.05], [0.1, -0.6])
    mask = channel_mask(model, keep=0.5)
    assert mask["0.weight"].tolist() == [True, True, True, False]
    assert mask["1.weight"].tolist() == [False, False]  # a layer may lose all its channels


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 12), min_size=1, max_size=4), st.floats(0.05, 1), st.integers(0, 9))
def test_counts_are_exact_even_where_factors_are_equal(widths, keep, equal):
    model = normalised(*([1.0 if index < equal else 2.0 + index for index in range(width)] for width in widths))
    count = round(keep * sum(widths))
    if count:
        assert channel_mask(model, keep).kept == count
        assert channel_mask(model, keep) == channel_mask(model, keep)


def test_a_mask_is_drawn_when_the_queue_is_full_and_the_newest_near_all_others():
    near, far = bits(0, 1, 2), bits(5, 6, 7)
    one_off = bits(0, 1, 2, 3)
    said, early = watching([far, near, near, one_off, near, near])
    assert said == [False] * 5 + [True]
    assert early.mask == near
    assert early.distances == pytest.approx([0.0, 0.0, 0.1, 0.0])


def test_near_the_last_but_not_the_first_is_not_enough():
    creeping = [bits(*range(count)) for count in (1, 2, 3, 4, 5)]  # each 0.1 from the next, 0.4 from end to end
    assert watching(creeping)[0] == [False] * 5
    said, early = watching(creeping, epsilon=0.4)
    assert said == [False] * 4 + [True]
    assert early.mask == creeping[-1]


def test_the_first_drawn_stays_while_distances_go_on():
    said, early = watching([bits(0)] * 5 + [bits(1, 2, 3, 4, 5)])
    assert said == [False] * 4 + [True, True]
    assert early.mask == bits(0)
    assert early.distances == pytest.approx([0.6] * 4)


def test_a_smaller_queue_needs_less():
    assert watching([bits(0)] * 3, size=2)[0] == [False, True, True]


def test_a_restored_queue_goes_on_where_it_was():
    masks = [bits(0, 1), bits(0), bits(0), bits(0), bits(0)]
    _, before = watching(masks[:3])
    queue = iter(masks[3:])
    after = EarlyBird(lambda model: next(queue))
    after.load_state_dict(before.state_dict())
    assert after.distances == before.distances
    assert [after.update(nn.Identity()) for _ in range(2)] == [False, True]
    again = EarlyBird()
    again.load_state_dict(after.state_dict())
    assert again.mask == bits(0)


def test_magnitude_masks_take_their_place():
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    early = EarlyBird(partial(magnitude_mask, keep=0.5))
    assert [early.update(model) for _ in range(5)] == [False] * 4 + [True]
    assert early.mask is not None
    assert early.mask.densities() == {"0.weight": 0.5, "2.weight": 0.5}
    assert magnitude_mask(model, 0.5, "global").kept == 9
    with torch.no_grad():
        model[0].weight.copy_(1 / model[0].weight)  # what was small is large
    early.update(model)
    assert early.distances == pytest.approx([12 / 18] * 4)
    assert hamming(magnitude_mask(model), early.mask) == pytest.approx(12 / 18)


def test_the_penalty_and_its_gradient():
    model = normalised([0.5, -2.0], [0.0])
    penalty = scaling_penalty(model, strength=0.1)
    penalty.backward()
    assert penalty.item() == pytest.approx(0.25)
    assert model[0].weight.grad.tolist() == pytest.approx([0.1, -0.1])
    assert model[1].weight.grad.tolist() == [0.0]


def test_shared_and_affine_free_layers():
    shared = nn.BatchNorm1d(3)
    twin = nn.BatchNorm1d(3)
    twin.weight = shared.weight
    model = nn.Sequential(shared, nn.BatchNorm1d(3, affine=False), shared, twin, nn.BatchNorm2d(2).bfloat16())
    assert list(scaling_factors(model)) == ["0.weight", "4.weight"]
    assert channel_mask(model, 0.4).kept == 2


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (nn.Linear(2, 2), "model must have BatchNorm layers with scaling factors; got none"),
        (nn.BatchNorm1d(2, affine=False), "got none: watch magnitude_mask"),
        (nn.LazyBatchNorm1d(), "model must be initialised; 'weight' has no shape yet"),
        (normalised([1.0, float("nan")]), "scores must be numbers; 'BatchNorm scaling factors' has NaN"),
    ],
)
def test_networks_without_factors_are_refused(model, message):
    with pytest.raises(ValueError, match=message):
        channel_mask(model)


@pytest.mark.parametrize(("option", "value"), [("epsilon", -0.1), ("epsilon", 10), ("size", 1)])
def test_bad_settings_are_refused(option, value):
    with pytest.raises(ValueError, match=f"{option} must be .*; got {value}"):
        EarlyBird(**{option: value})


def test_a_bad_keep_is_refused():
    with pytest.raises(ValueError, match=r"keep must be in \(0, 1\]; got 1.5"):
        EarlyBird(partial(channel_mask, keep=1.5)).update(nn.BatchNorm1d(2))
