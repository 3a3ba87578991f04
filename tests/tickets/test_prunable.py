"""What a mask may prune: weights, never biases or norm scales, under the names of the model inside any wrapper."""

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune, spectral_norm

import rewire
from rewire.tickets import prunable


class Odd(nn.Module):
    """Norms of two dimensions, a bias of three, parameters of one prefix, vectors, a number, integers, nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.norm_first = nn.LayerNorm([3, 4]), nn.Linear(4, 4, bias=False)
        self.attention = nn.MultiheadAttention(4, 2, add_bias_kv=True)
        self.lstm = nn.LSTM(4, 3)
        self.scale, self.empty = nn.Parameter(torch.tensor(1.0)), nn.Parameter(torch.empty(0, 4))
        self.counts = nn.Parameter(torch.ones(2, 2, dtype=torch.int64), requires_grad=False)
        self.turned = nn.Parameter(torch.randn(5, 3).T)


def tied() -> nn.Sequential:
    model = nn.Sequential(nn.Embedding(5, 3), nn.Linear(3, 3), nn.Linear(3, 5))
    model[2].weight = model[0].weight
    return model


def test_weights_only():
    assert list(prunable(Odd())) == [
        "turned",
        "norm_first.weight",
        "attention.in_proj_weight",
        "attention.out_proj.weight",
        "lstm.weight_ih_l0",
        "lstm.weight_hh_l0",
    ]


def test_parameters_themselves_not_copies():
    model = nn.Conv2d(2, 3, 3).to(torch.bfloat16)
    assert prunable(model)["weight"] is model.weight


def test_tied_weights_once_and_ignored_by_any_name():
    assert list(prunable(tied())) == ["0.weight", "1.weight"]
    assert list(prunable(tied(), ignore="2.*")) == ["1.weight"]


def test_frozen_weights_stay_out():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[0].requires_grad_(False)
    assert list(prunable(model)) == ["1.weight"]


def test_wrappers_are_looked_through():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    assert (
        list(prunable(torch.compile(model, backend="eager")))
        == list(prunable(nn.DataParallel(model)))
        == ["0.weight", "1.weight"]
    )


def test_ignore_takes_one_pattern_or_several():
    model = nn.Sequential(*(nn.Linear(2, 2) for _ in range(12)))
    assert list(prunable(model, ["1.*", "1?.weight"])) == [f"{i}.weight" for i in (0, *range(2, 10))]


def parametrized() -> nn.Module:
    return parametrizations.weight_norm(nn.Linear(2, 2))


@pytest.mark.parametrize(
    ("make", "options", "message"),
    [
        (lambda: nn.BatchNorm2d(3), {}, "at least two dimensions; got none"),
        (lambda: nn.Linear(2, 2), {"ignore": ["weight"]}, "got none that is not ignored"),
        (lambda: nn.Linear(2, 2), {"ignore": "wieght"}, "did you mean 'weight'"),
        (lambda: nn.LazyLinear(2), {}, "'weight' is lazily initialised: run one batch"),
        (lambda: nn.Linear(2, 2, device="meta"), {}, "'weight' is on the meta device"),
        (parametrized, {}, "'weight' is parametrized: call remove_parametrizations"),
        (lambda: rewire.gate(nn.Linear(2, 2), ["day"]), {}, "'weight' is parametrized"),
        (lambda: prune.random_unstructured(nn.Linear(2, 2), "weight", 0.5), {}, "recomputed by RandomUnstructured"),
        (lambda: spectral_norm(nn.Linear(2, 2)), {}, "recomputed by SpectralNorm"),
    ],
)
def test_unsuitable_models_are_refused_in_one_line(make, options, message):
    with pytest.raises(ValueError) as error:
        prunable(make(), **options)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_parametrized_weight_that_is_ignored_does_no_harm():
    model = nn.Sequential(nn.Linear(2, 2), parametrized())
    assert list(prunable(model, ignore="1.*")) == ["0.weight"]


def test_no_module():
    with pytest.raises(TypeError, match=r"model must be a torch.nn.Module; got dict"):
        prunable({})
