"""Masks to torch.nn.utils.prune and back."""

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune

import rewire
from rewire.masks import Mask
from rewire.tickets import from_prune, masked, prunable, to_prune


def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.Flatten(), nn.Linear(12, 5), nn.ReLU(), nn.Linear(5, 2))


def random_mask(tensors, density=0.4):
    return Mask({name: torch.rand_like(tensor, dtype=torch.float) < density for name, tensor in tensors.items()})


def test_a_mask_comes_back_and_the_pruned_model_computes_with_it():
    plain, pruned = model(), model()
    mask = random_mask(prunable(plain))
    assert to_prune(pruned, mask) is pruned
    assert from_prune(pruned) == mask
    x = torch.rand(4, 1, 4, 4)
    with masked(plain, mask):
        assert torch.allclose(plain(x), pruned(x))
    for module in pruned:
        if hasattr(module, "weight_mask"):
            prune.remove(module, "weight")
    assert pruned.state_dict().keys() == plain.state_dict().keys()
    assert all(torch.equal(pruned.state_dict()[name], tensor) for name, tensor in plain.state_dict().items())


def test_what_prune_kept_by_several_calls_and_kinds():
    pruned = model()
    prune.global_unstructured([(pruned[2], "weight"), (pruned[4], "weight")], prune.L1Unstructured, amount=0.5)
    prune.ln_structured(pruned[2], "weight", amount=1, n=2, dim=0)
    prune.random_unstructured(pruned[4], "bias", amount=1)
    mask = from_prune(pruned)
    assert list(mask) == ["2.weight", "4.weight", "4.bias"]
    assert torch.equal(mask["2.weight"], pruned[2].weight_mask.bool())
    assert mask.densities()["4.bias"] == 0.5
    assert to_prune(model(), mask)[4].bias.count_nonzero() == 1


def test_a_mask_found_by_prune_trains_a_fresh_model():
    pruned, fresh = model(), model()
    prune.l1_unstructured(pruned[4], "weight", amount=4)
    with masked(fresh, from_prune(pruned)):
        pass
    assert fresh[4].weight.count_nonzero() == 6


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_values_dtypes_and_frozen_weights_stay(dtype):
    layer = nn.Linear(3, 2).to(dtype).requires_grad_(False)
    before, mask = layer.weight.clone(), Mask({"weight": torch.tensor([[True, False, True]] * 2)})
    to_prune(layer, mask)
    assert torch.equal(layer.weight_orig, before)
    assert not layer.weight_orig.requires_grad
    assert torch.equal(layer.weight, before.masked_fill(~mask["weight"], 0))
    assert layer.weight.dtype == dtype


def test_a_tied_weight_is_pruned_in_all_its_places_and_stays_tied():
    tied = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    tied[1].weight = tied[0].weight
    mask = random_mask(prunable(tied))
    assert list(mask) == ["0.weight"]
    to_prune(tied, mask)
    assert tied[0].weight_orig is tied[1].weight_orig
    assert torch.equal(from_prune(tied)["0.weight"], mask["0.weight"])
    assert torch.equal(from_prune(tied)["1.weight"], mask["0.weight"])


def test_places_of_a_tied_weight_may_have_masks_of_their_own():
    tied = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    tied[1].weight = tied[0].weight
    mask = random_mask({"0.weight": tied[0].weight, "1.weight": tied[0].weight})
    assert mask["0.weight"].ne(mask["1.weight"]).any()
    assert from_prune(to_prune(tied, mask)) == mask


def test_recurrent_weights_compute_pruned():
    plain, pruned = (nn.LSTM(3, 4, batch_first=True) for _ in range(2))
    pruned.load_state_dict(plain.state_dict())
    mask = random_mask(prunable(plain))
    assert from_prune(to_prune(pruned, mask)) == mask
    x = torch.rand(2, 5, 3)
    with masked(plain, mask):
        assert torch.allclose(plain(x)[0], pruned(x)[0])


def test_wrappers_are_looked_through():
    wrapped = nn.DataParallel(model())
    mask = random_mask(prunable(wrapped))
    assert from_prune(to_prune(wrapped, mask)) == mask
    assert from_prune(wrapped.module) == mask


def test_names_that_begin_alike_are_kept_apart():
    class Twins(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.ones(2, 2))
            self.w_more = nn.Parameter(torch.ones(2, 2))

    mask = Mask({"w_more": torch.tensor([[True, False], [True, True]])})
    twins = to_prune(Twins(), mask)
    assert from_prune(twins) == mask
    assert twins.w.count_nonzero() == 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: prune.identity(m[4], "weight"), "'4.weight' is pruned already: call prune.remove first"),
        (lambda m: parametrizations.weight_norm(m[4]), "'4.weight' is parametrized: call remove_parametrizations"),
        (lambda m: rewire.gate(m, ["day"], preserve=False), r"'0.weight' is parametrized"),
        (lambda m: m.__setitem__(4, nn.LazyLinear(2)), "'4.weight' is lazily initialised: run one batch"),
        (lambda m: m.__delitem__(4), r"mask names must be one of .*; got '4.weight' .*it is of another model"),
        (lambda m: m.__setitem__(4, nn.Linear(5, 3)), r"'4.weight' is \[2, 5\] in the mask, \[3, 5\] outside"),
    ],
)
def test_what_cannot_be_pruned_is_refused_before_anything_changes(change, message):
    mask, other = random_mask(prunable(model())), model()
    change(other)
    names = list(other.state_dict())
    with pytest.raises(ValueError, match=message):
        to_prune(other, mask)
    assert list(other.state_dict()) == names


def test_a_model_that_is_not_pruned_has_no_mask():
    pruned = prune.identity(nn.Linear(2, 2), "weight")
    assert from_prune(pruned).density == 1.0
    with pytest.raises(ValueError, match=r"model must be pruned by torch\.nn\.utils\.prune; none of its modules is"):
        from_prune(prune.remove(pruned, "weight"))
