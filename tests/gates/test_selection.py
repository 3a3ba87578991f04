"""Which parameters `gate` takes: by default, by module, type, pattern, predicate or list, and tied ones together."""

import pytest
import torch
from torch import nn
from zoo import Tied, outputs

import rewire
from rewire.gates import Own
from rewire.gates.parts import gates


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4), nn.Linear(4, 4))
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)
        self.norm = nn.GroupNorm(2, 4)
        self.head = nn.Linear(4, 2)
        self.offset = nn.Parameter(torch.randn(4))

    def forward(self, x):
        x = self.encoder(x + self.offset)
        x = self.attention(x, x, x)[0]
        return self.head(self.norm(x.flatten(0, 1)))


ENCODER = {"encoder.0.weight", "encoder.0.bias", "encoder.2.weight", "encoder.2.bias"}
ENCODER_NORM = {"encoder.1.weight", "encoder.1.bias"}
ATTENTION = {f"attention.{name}" for name in ("in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias")}
HEAD, NORM = {"head.weight", "head.bias"}, {"norm.weight", "norm.bias"}
LINEAR = ENCODER | HEAD | {"attention.out_proj.weight", "attention.out_proj.bias"}

SELECTIONS = {
    "default": (None, ENCODER | ATTENTION | HEAD | {"offset"}),
    "type": (nn.Linear, LINEAR),
    "container type": (nn.MultiheadAttention, ATTENTION),
    "norms when asked for": ([nn.LayerNorm, nn.GroupNorm], ENCODER_NORM | NORM),
    "module name": ("head", HEAD),
    "container name": ("encoder", ENCODER | ENCODER_NORM),
    "pattern": ("encoder.?", ENCODER | ENCODER_NORM),
    "pattern of parameters": ("*.weight", {n for n in LINEAR | ENCODER_NORM | NORM if n.endswith(".weight")}),
    "the root's own": ("offset", {"offset"}),
    "predicate": (lambda name, module: name.startswith("encoder") and isinstance(module, nn.Linear), ENCODER),
    "list": (["head", nn.LayerNorm, lambda name, _: name == "norm"], HEAD | ENCODER_NORM | NORM),
    "generator": ((name for name in ("head", "norm")), HEAD | NORM),
}


@pytest.mark.parametrize("selection", SELECTIONS)
def test_modules_are_selected(selection):
    chosen, expected = SELECTIONS[selection]
    model = rewire.gate(Net(), ["a", "b"], rewire.Sigmoid(std=1.0), modules=chosen)
    assert set(gates(model)) == expected
    found = outputs(model, torch.randn(3, 2, 4))
    assert not torch.equal(found["a"], found["b"])


def test_a_module_itself_may_be_named():
    model = Net()
    assert set(gates(rewire.gate(model, ["a"], modules=[model.head, model.encoder[0]]))) == HEAD | {
        "encoder.0.weight",
        "encoder.0.bias",
    }


def test_biases_may_stay_shared():
    model = rewire.gate(Net(), ["a"], biases=False)
    assert set(gates(model)) == {name for name in SELECTIONS["default"][1] if "bias" not in name}


def test_own_parameters_are_no_gated_ones():
    model = rewire.gate(Net(), ["a", "b"], own=["head", "*.bias"])
    own = {name for name, gate in gates(model).items() if isinstance(gate.switch, Own)}
    assert own == HEAD | NORM - {"norm.weight"} | {n for n in gates(model) if n.endswith(".bias")}
    assert set(rewire.gates.masks(model, "a")) == SELECTIONS["default"][1] - own
    only = rewire.gate(Net(), ["a"], modules=(), own="head")
    assert set(gates(only)) == HEAD


@pytest.mark.parametrize("chosen", [{"modules": "decoder"}, {"modules": "encoder"}, {}])
def test_a_tied_parameter_is_gated_in_all_its_places(chosen):
    model = Tied()
    rewire.gate(model, ["a", "b"], rewire.Sigmoid(std=2.0), **chosen)
    assert model.encoder.parametrizations.weight[0] is model.decoder.parametrizations.weight[0]
    merged = rewire.merge(model, "b")
    assert merged.encoder.weight is merged.decoder.weight
    assert torch.equal(merged(torch.arange(5)), outputs(model, torch.arange(5))["b"])


def test_a_tied_parameter_that_tasks_own_in_one_place_is_theirs_in_all():
    model = rewire.gate(Tied(), ["a", "b"], own="decoder.weight")
    assert isinstance(gates(model)["encoder.weight"].switch, Own)


def test_quantised_by_name_only_is_not_quantised():
    class Kept(nn.Linear):
        pass

    Kept.__module__ = "quantized_nets.layers"
    assert len(gates(rewire.gate(nn.Sequential(Kept(2, 2)), ["a"]))) == 2


def test_a_norm_is_told_by_its_name_and_by_having_no_matrix():
    class NormalisedLinear(nn.Linear): ...

    class LayerNorm2d(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight, self.empty = nn.Parameter(torch.ones(4, 1, 1)), nn.Parameter(torch.ones(0))

    norms = [LayerNorm2d(), nn.BatchNorm2d(4), nn.InstanceNorm1d(4, affine=True), nn.LayerNorm([3, 4])]
    model = nn.Sequential(NormalisedLinear(3, 2), *norms, nn.LocalResponseNorm(2))
    assert set(gates(rewire.gate(model, ["a"], statistics="shared"))) == {"0.weight", "0.bias"}
