"""Training under a mask whose pruned weights are frozen at values: they stay, to the bit, whatever does the steps."""

import pytest
import torch
from test_masked import AVAILABLE, OPTIMIZERS, loss_of, network, random_mask, step
from torch import nn

from rewire.tickets import masked, prunable


def frozen_at(model, seed=5):
    """Values with −0, infinities and NaN among them."""
    generator = torch.Generator().manual_seed(seed)
    off = {name: torch.randn(p.shape, generator=generator) for name, p in prunable(model).items()}
    off["0.weight"].flatten()[::7] = -0.0
    return off


def bits(tensor):
    return tensor.detach().view(torch.int32)


def assert_frozen(model, mask, off):
    for name, parameter in prunable(model).items():
        assert bits(parameter)[~mask[name]].equal(bits(off[name])[~mask[name]])


@pytest.mark.parametrize("name", AVAILABLE)
def test_frozen_to_the_bit_after_every_step(name):
    model = network()
    mask, off = random_mask(model), frozen_at(model)
    before = {n: p.detach().clone() for n, p in prunable(model).items()}
    with masked(model, mask, off=off):
        assert_frozen(model, mask, off)
        optimizer = OPTIMIZERS[name](list(model.parameters()))
        for _ in range(3):
            step(model, optimizer)
            assert_frozen(model, mask, off)
    assert_frozen(model, mask, off)
    for n, parameter in prunable(model).items():
        assert not parameter.detach()[mask[n]].equal(before[n][mask[n]])  # what is kept trained


def test_the_forward_pass_sees_the_frozen_values_and_the_gradient_does_not():
    model = network()
    mask, off = random_mask(model), frozen_at(model)
    with masked(model, mask, off=off):
        by_hand = {
            n: torch.where(mask[n], p.detach(), off[n]) if n in mask else p.detach()
            for n, p in model.named_parameters()
        }
        x = torch.randn(4, 6)
        model.eval()
        assert torch.allclose(model(x), torch.func.functional_call(model, by_hand, (x,)))
        loss_of(model).backward()
        assert all(not p.grad[~mask[n]].any() for n, p in prunable(model).items())


def test_what_is_not_named_is_zero_and_what_writes_outside_is_undone_at_the_end():
    model = network()
    mask, off = random_mask(model), frozen_at(model)
    del off["3.weight"]
    with masked(model, mask, off=off):
        assert not model[3].weight[~mask["3.weight"]].any()
        with torch.no_grad():
            model[0].weight.fill_(torch.nan)
            model[3].weight.fill_(1.0)
    on = mask["0.weight"]
    assert bits(model[0].weight)[~on].equal(bits(off["0.weight"])[~on])
    assert not model[3].weight[~mask["3.weight"]].any()


def test_a_model_that_changes_its_precision_keeps_them_too():
    model = network()
    mask, off = random_mask(model), frozen_at(model)
    with masked(model, mask, off=off):
        model.double()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, weight_decay=0.1)
        model(torch.randn(4, 6).double()).sum().backward()
        optimizer.step()
        on = mask["0.weight"]
        assert model[0].weight.detach()[~on].equal(off["0.weight"][~on].double())


def test_channels_last_weights_are_frozen_where_they_are():
    layer = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)
    mask, off = {"weight": torch.rand(4, 3, 3, 3) < 0.5}, {"weight": torch.randn(4, 3, 3, 3)}
    with masked(layer, mask, off=off):
        assert layer.weight.detach()[~mask["weight"]].equal(off["weight"][~mask["weight"]])


def test_values_of_another_model_are_refused():
    model = network()
    with pytest.raises(ValueError, match=r"off of '0.weight' must be of shape \[8, 6\].*; got \[2\]"):
        masked(model, random_mask(model), off={"0.weight": torch.zeros(2)}).__enter__()
