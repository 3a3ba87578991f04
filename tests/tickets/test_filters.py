"""Li et al.'s filters: chosen by their norms, turned off with all that hangs on them."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from shrinking_zoo import make, zeroed
from torch import nn

from rewire import tickets
from rewire.masks import EmptyLayer
from rewire.models import MLP


def small() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 3, 2), nn.BatchNorm2d(3), nn.ReLU(), nn.Conv2d(3, 2, 2))


X = torch.randn(2, 1, 5, 5)


def test_norms_by_hand():
    model = small()
    model[0].weight.data = torch.tensor([[1.0, -2, 3, 0], [0, 0, 0, 1], [-4, -4, 0, 0]]).view(3, 1, 2, 2)
    assert tickets.filter_norms(model)["0.weight"].tolist() == [6, 1, 8]
    assert tickets.filter_norms(model, p=2)["0.weight"][2] == torch.tensor(32.0).sqrt()
    assert list(tickets.filter_norms(MLP(4, 3, 2), linear=True)) == ["1.weight", "3.weight"]
    assert tickets.filter_norms(MLP(4, 3, 2)) == {}


def test_the_least_filters_go_with_bias_and_batchnorm_and_their_map_is_zero():
    model = small()
    model[0].weight.data = torch.tensor([[1.0, -2, 3, 0], [0, 0, 0, 1], [-4, -4, 0, 0]]).view(3, 1, 2, 2)
    mask = tickets.filter_mask(model, 0.67, X)
    on = [True, False, True]
    assert {
        name: tensor.flatten(1)[:, 0].tolist() if tensor.dim() > 1 else tensor.tolist() for name, tensor in mask.items()
    } == {
        "0.weight": on,
        "0.bias": on,
        "1.weight": on,
        "1.bias": on,
    }
    model[1].running_mean += 7
    maps = zeroed(model, mask)[:3].eval()(X)
    assert not maps[:, 1].any()
    assert maps[:, [0, 2]].any()


@given(keep=st.floats(0.1, 1.0), seed=st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_each_layer_keeps_round_keep_n_filters(keep, seed):
    model, x = make("lecun", seed)
    mask = tickets.filter_mask(model, keep, x, linear=True)
    for name, filters in (("0", 6), ("3", 16), ("7", 120), ("9", 84)):
        assert mask[f"{name}.bias"].sum() == round(keep * filters)
        assert torch.equal(mask[f"{name}.weight"].flatten(1).any(1), mask[f"{name}.bias"])
        assert torch.equal(mask[f"{name}.weight"].flatten(1).all(1), mask[f"{name}.bias"])
    assert not any(name.startswith("11.") for name in mask)  # the classes


def test_keep_and_ignore_by_patterns_and_scores_of_ones_own():
    model, x = make("lecun")
    scores = {"0.weight": torch.arange(6.0), "3.weight": torch.arange(16.0)}
    mask = tickets.filter_mask(model, {"0.*": 0.5, "*": 0.25}, x, scores=scores)
    assert mask["0.bias"].tolist() == [False] * 3 + [True] * 3
    assert mask["3.bias"].tolist() == [False] * 12 + [True] * 4
    assert list(tickets.filter_mask(model, 0.5, x, ignore=["0.*"])) == ["3.weight", "3.bias"]


def test_residual_layers_stay_whole_or_choose_together():
    model, x = make("resnet20 B")
    whole = tickets.filter_mask(model, 0.5, x)
    convs = [name for name in whole if "conv" in name]
    assert convs == [f"blocks.{i}.conv1.weight" for i in range(9)]
    together = tickets.filter_mask(model, 0.5, x, coupled="together")
    stage = ["conv.weight", *(f"blocks.{i}.conv2.weight" for i in range(3))]
    chosen = [together[name].flatten(1).any(1) for name in stage]
    assert all(torch.equal(each, chosen[0]) for each in chosen)
    norms = tickets.filter_norms(model)
    total = torch.stack([norms[name] for name in stage]).sum(0)
    assert total[chosen[0]].min() > total[~chosen[0]].max()
    assert tickets.parameters(tickets.shrink(model, together, x)) < 0.3 * tickets.parameters(model)


def test_a_sum_is_zero_only_when_all_its_filters_are_off():
    model, x = make("pre-activation")
    off = torch.arange(6) > 1
    one = tickets.structured(model, {"conv2.weight": off}, x)
    assert one["norm3.weight"].all()
    both = tickets.structured(model, {"conv2.weight": off, "stem.weight": off}, x)
    assert both["norm3.bias"].tolist() == off.tolist()
    assert both["norm2.weight"].all()


def test_bad_input_is_one_line():
    model = small()
    with pytest.raises(EmptyLayer, match=r"'0\.weight'") as caught:
        tickets.filter_mask(model, 0.1, X)
    assert caught.value.layer == "0.weight"
    with pytest.raises(EmptyLayer, match=r"'0\.weight'"):
        tickets.structured(model, {"0.weight": torch.zeros(3, dtype=torch.bool)}, X)
    with pytest.raises(ValueError, match=r"keep must be in \(0, 1\]"):
        tickets.filter_mask(model, 1.5, X)
    with pytest.raises(ValueError, match="coupled must be one of 'whole', 'together'"):
        tickets.filter_mask(model, 0.5, X, coupled="no")
    with pytest.raises(ValueError, match="got none"):
        tickets.filter_mask(MLP(4, 3, 2), 0.5, torch.zeros(1, 4))
    with pytest.raises(ValueError, match=r"did you mean '0\.weight'"):
        tickets.structured(model, {"0.weigth": torch.ones(3, dtype=torch.bool)}, X)
    with pytest.raises(ValueError, match="a boolean for each of the 3"):
        tickets.structured(model, {"0.weight": torch.ones(3)}, X)
    model[0].weight.data[0] = float("nan")
    with pytest.raises(ValueError, match="NaN"):
        tickets.filter_mask(model, 0.7, X)
