"""Controls: exact counts, independent draws, and a reinit that draws all that training will move, or says what not."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import rewire
from rewire.masks import Mask
from rewire.tickets.controls import generators, random_mask, reinit, reshuffle_mask


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def convnet():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(16, 5), nn.LayerNorm(5)
    )


def trained(model):
    with torch.no_grad():
        for tensor in model.state_dict().values():
            tensor += 1
    return model


@st.composite
def masks(draw):
    """Masks of one to three tensors of any shape, empty and 0-d ones included."""
    tensors = {}
    for name in draw(st.sampled_from([("w",), ("a", "ab"), ("a.weight", "a.bias", "a")])):
        shape = draw(st.lists(st.integers(0, 6), max_size=3))
        size = torch.Size(shape).numel()
        bits = draw(st.lists(st.booleans(), min_size=size, max_size=size))
        tensors[name] = torch.tensor(bits, dtype=torch.bool).reshape(shape)
    return Mask(tensors)


@settings(max_examples=100, deadline=None)
@given(masks(), st.integers(0, 2**40))
def test_counts_per_layer_are_exact(mask, seed):
    drawn = random_mask(mask, mask.densities(), seeded(seed))
    for control in (reshuffle_mask(mask, seeded(seed)), drawn):
        assert {name: on.shape for name, on in control.items()} == {name: on.shape for name, on in mask.items()}
        assert [int(on.sum()) for on in control.values()] == [
            int(on.sum()) if on.numel() else 0 for on in mask.values()
        ]
    assert drawn == random_mask(mask, mask.densities(), seeded(seed))


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 4000), st.data())
def test_a_ticket_s_own_density_gives_its_count_back(size, data):
    kept = data.draw(st.integers(0, size))
    mask = Mask({"w": torch.arange(size) < kept})
    assert random_mask(mask, mask.densities(), seeded()).kept == kept


def test_every_place_is_equally_likely():
    times = sum(random_mask({"w": torch.zeros(5)}, 0.4, g)["w"].double() for g in generators(0, 2000))
    assert (times / 2000 - 0.4).abs().max() < 0.05  # five standard deviations


def test_draws_are_independent_and_stand_alone():
    five, three = (torch.stack([torch.rand(64, generator=g) for g in generators(7, n)]) for n in (5, 3))
    assert five[:3].equal(three)
    assert len(five.unique()) == five.numel()
    assert not five[0].equal(torch.rand(64, generator=generators(8, 1)[0]))
    with pytest.raises(ValueError, match="draws must be at least 1; got 0"):
        generators(0, 0)


@pytest.mark.parametrize(
    ("keep", "message"),
    [
        (1.5, r"keep must be in \[0, 1\]; got 1.5 for 'w': it is the fraction kept"),
        (float("nan"), "keep must be in"),
        ({"v": 0.5}, "keep must name the tensors; 'v' is extra"),
        ({}, "keep must name the tensors; 'w' is missing"),
    ],
)
def test_bad_fractions_are_refused(keep, message):
    with pytest.raises(ValueError, match=message):
        random_mask({"w": torch.zeros(4)}, keep, seeded())


def test_a_reinit_is_what_building_anew_gives():
    model = trained(convnet())
    before = copy.deepcopy(model.state_dict())
    values = reinit(model, seeded(3))
    # The generator hands out one seed; building under it must give the same network.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(torch.randint(2**63 - 1, (), generator=seeded(3))))
        fresh = convnet().state_dict()
    assert list(values) == list(fresh)
    assert all(values[name].equal(tensor) for name, tensor in fresh.items())
    assert all(tensor.equal(before[name]) for name, tensor in model.state_dict().items())


def test_a_reinit_leaves_torchs_own_draws_alone_and_draws_anew_each_time():
    model, state, generator = convnet(), torch.get_rng_state(), seeded()
    first, second = reinit(model, generator), reinit(model, generator)
    assert torch.get_rng_state().equal(state)
    assert not first["0.weight"].equal(second["0.weight"])
    assert first["0.weight"].equal(reinit(model, seeded())["0.weight"])


def test_attention_normalisation_and_half_precision_are_reached():
    block = trained(nn.TransformerEncoderLayer(8, 2, 16)).to(torch.bfloat16)
    values = reinit(block, seeded())
    assert values["self_attn.in_proj_weight"].abs().max() <= 0.51
    assert values["norm1.weight"].eq(1).all()
    assert {tensor.dtype for tensor in values.values()} == {torch.bfloat16}


def test_frozen_parameters_keep_their_values():
    model = trained(convnet())
    model[0].weight.requires_grad_(False)
    values = reinit(model, seeded())
    assert values["0.weight"].equal(model[0].weight)
    assert not values["4.weight"].equal(model[4].weight)


def test_tied_weights_stay_tied():
    model = nn.Sequential(nn.Embedding(6, 4), nn.Linear(4, 6, bias=False))
    model[1].weight = model[0].weight
    values = reinit(model, seeded())
    assert values["0.weight"].equal(values["1.weight"])


class Own(nn.Module):
    """A layer with a parameter of its own and no reset."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 3)
        self.scale = nn.Parameter(torch.rand(3))


def test_what_no_reset_reaches_is_named_and_build_is_the_way_out():
    model = Own()
    for odd, name in ((model, "scale"), (rewire.gate(nn.Sequential(nn.Linear(3, 3)), ["day"]), "0.parametrizations")):
        with pytest.raises(ValueError, match=f"'{name}' is in none: pass build="):
            reinit(odd, seeded())
    values = reinit(model, seeded(), build=Own)
    assert not values["scale"].equal(model.scale)
    assert values["scale"].equal(reinit(model, seeded(), build=Own)["scale"])


def test_wrappers_are_looked_through():
    model = convnet()
    assert list(reinit(nn.DataParallel(model), seeded())) == list(model.state_dict())


def test_networks_that_do_not_fit_are_refused():
    with pytest.raises(
        ValueError, match=r"build must return a network like model; 'weight' is \[2, 3\] there, \[2, 2\]"
    ):
        reinit(nn.Linear(2, 2), seeded(), build=lambda: nn.Linear(3, 2))
    with pytest.raises(ValueError, match="model must be initialised; 'weight' has no shape yet"):
        reinit(nn.LazyLinear(2), seeded())
