"""What a network computes with filters off, it computes without them; and what cannot be followed is refused."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from shrinking_zoo import ZOO, make, random_filters, zeroed
from torch import Tensor, fx, nn
from torch.nn import functional as F

from rewire import tickets
from rewire.masks import EmptyLayer, Mask


def same(a: Tensor, b: Tensor) -> bool:
    return torch.allclose(a, b, rtol=0, atol=1e-9 * float(a.abs().max()) + 1e-12)


@pytest.mark.parametrize("name", ZOO)
@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_masked_and_shrunk_agree_for_random_filters(name, seed):
    model, x = make(name, seed)
    mask = tickets.structured(model, random_filters(model, torch.Generator().manual_seed(seed)), x)
    small, big = tickets.shrink(model, mask, x), zeroed(model, mask)
    assert tickets.parameters(small) <= tickets.parameters(model)
    for training in (False, True, False):  # the last time with running statistics that the training pass has moved
        with torch.no_grad():
            assert same(big.train(training)(x), small.train(training)(x))


def test_sizes_by_hand():
    model, x = make("lecun")
    filters = {"0.weight": torch.arange(6) < 2, "3.weight": torch.arange(16) < 5, "7.weight": torch.arange(120) < 11}
    small = tickets.shrink(model, tickets.structured(model, filters, x), x)
    assert [tuple(p.shape) for p in small.parameters()] == [
        *((2, 1, 5, 5), (2,), (5, 2, 5, 5), (5,)),
        *((11, 5 * 25), (11,), (84, 11), (84,), (10, 84), (10,)),
    ]
    assert (small[0].out_channels, small[3].in_channels, small[7].in_features) == (2, 2, 125)
    assert torch.equal(small[7].weight, model[7].weight[:11, :125])


def test_a_model_keeps_its_class_unless_its_code_must_change():
    model, x = make("vgg7")
    mask = tickets.filter_mask(model, 0.5, x)
    assert type(tickets.shrink(model, mask, x)) is type(model)
    model, x = make("resnet20 A")
    inner = tickets.filter_mask(model, 0.5, x)
    assert type(tickets.shrink(model, inner, x)) is type(model)
    everywhere = tickets.shrink(model, tickets.filter_mask(model, 0.5, x, coupled="together"), x)
    assert isinstance(everywhere, fx.GraphModule)
    assert dict(everywhere.named_parameters()).keys() == dict(model.named_parameters()).keys()
    again = tickets.shrink(everywhere, tickets.filter_mask(everywhere, 0.5, x, coupled="together"), x)
    assert tickets.parameters(again) < tickets.parameters(everywhere)


def test_the_model_and_its_modes_are_left_alone():
    model, x = make("vgg7")
    model[1].eval()
    model[0].weight.requires_grad_(False)
    before = copy.deepcopy(model.state_dict())
    small = tickets.shrink(model, tickets.filter_mask(model, 0.5, x), x)
    assert all(torch.equal(tensor, before[key]) for key, tensor in model.state_dict().items())
    assert [module.training for module in small] == [module.training for module in model]
    assert not small[0].weight.requires_grad
    assert not {p.data_ptr() for p in small.parameters()} & {p.data_ptr() for p in model.parameters()}


def test_without_a_mask_what_is_zero_goes():
    model, x = make("lecun")
    with torch.no_grad():
        model[0].weight[1:] = 0
        model[0].bias[1:] = 0
        model[3].weight[:] = model[3].weight * (torch.arange(16) > 3).view(-1, 1, 1, 1)  # their biases stay on
    small = tickets.shrink(model, None, x)
    assert small[0].out_channels == 1
    assert small[3].out_channels == 16


def test_what_nobody_looks_at_goes():
    model = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 5), nn.BatchNorm1d(5), nn.Linear(5, 2)).double()
    on = torch.ones(5, 6, dtype=torch.bool)
    on[:, :2] = False
    gamma = Mask({"2.weight": on, "3.weight": torch.arange(5) < 3, "3.bias": torch.arange(5) < 3})
    small = tickets.shrink(model, gamma, torch.randn(3, 4, dtype=torch.float64))
    assert [m.out_features for m in small if isinstance(m, nn.Linear)] == [4, 3, 2]


def test_wrappers_are_looked_through():
    model, x = make("lecun")
    mask = tickets.filter_mask(model, 0.5, x)
    wrapped = nn.DataParallel(model)
    assert tickets.filter_mask(wrapped, 0.5, x) == mask
    assert tickets.shrink(wrapped, mask, x)[0].out_channels == 3


def test_half_precision_and_frozen_weights():
    model, x = make("lecun")
    model, x = model.bfloat16().requires_grad_(False), x.bfloat16()
    small = tickets.shrink(model, tickets.filter_mask(model, 0.5, x), x)
    assert small(x).dtype == torch.bfloat16
    assert not any(p.requires_grad for p in small.parameters())


def hidden(*layers: nn.Module) -> tuple[nn.Module, Tensor]:
    return nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), *layers, nn.Conv2d(4, 2, 3)), torch.randn(2, 1, 6, 6)


@pytest.mark.parametrize(
    "layers",
    [
        (nn.Sigmoid(),),  # half of one, where nothing comes in
        (nn.GroupNorm(2, 4),),  # looks at several channels
        (nn.Conv2d(4, 4, 3, padding=1, groups=2),),
        (nn.BatchNorm2d(4, affine=False),),  # shifts by its running mean, which no mask can turn off
        (nn.PReLU(4),),
    ],
)
def test_channels_that_meet_something_unknown_are_refused_by_its_name(layers):
    model, x = hidden(*layers)
    mask = tickets.structured(model, {"0.weight": torch.arange(4) < 2}, x)
    with pytest.raises(ValueError, match=rf"'1' \({type(layers[0]).__name__}\) takes '0' .*leave those filters on"):
        tickets.shrink(model, mask, x)
    with pytest.raises(ValueError, match="got none"):
        tickets.filter_mask(model, 0.5, x, ignore=["2.weight" if len(model) > 3 else "3.weight"])


class Branching(nn.Module):
    def forward(self, x):
        return x if x.sum() > 0 else -x


class Literal(nn.Module):
    """Cuts its channels by numbers that stand in the code."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.fc = nn.Linear(64, 2)

    def forward(self, x):
        return self.fc(self.conv(x).reshape(-1, 4, 16).sum(0).reshape(1, 64))


class Functional(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.next = nn.Conv2d(1, 4, 3), nn.Conv2d(4, 2, 3)

    def forward(self, x):
        return F.conv2d(self.conv(x), self.next.weight)


class FunctionalDropout(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(1, 4, 3), nn.Linear(64, 2)

    def forward(self, x):
        return self.fc(F.dropout(self.conv(x).view(-1, 64), 0.5, training=self.training))


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (Literal(), "takes"),
        (Functional(), "'conv2d' takes 'conv'"),
        (FunctionalDropout(), "nn.Dropout"),
    ],
)
def test_code_that_cannot_be_followed_is_refused(model, words):
    x = torch.randn(1, 1, 6, 6)
    mask = tickets.structured(model, {"conv.weight": torch.arange(4) < 2}, x)
    with pytest.raises(ValueError, match=words):
        tickets.shrink(model, mask, x)


def test_bad_models_and_inputs_are_one_line(capfd):
    x = torch.randn(1, 1, 28, 28)
    with pytest.raises(ValueError, match=r"torch\.fx can trace; got"):
        tickets.shrink(nn.Sequential(Branching()), None, x)
    model, _ = make("lecun")
    with pytest.raises(ValueError, match=r"example must be an input of the model; got RuntimeError: (?!ShapeProp)"):
        tickets.shrink(model, None, torch.randn(1, 3, 28, 28).double())
    with pytest.raises(ValueError, match="lazily initialised"):
        tickets.shrink(nn.Sequential(nn.LazyLinear(2)), None, x)
    with pytest.raises(ValueError, match="meta device"):
        tickets.shrink(nn.Linear(2, 2, device="meta"), None, x)
    with pytest.raises(TypeError, match="model must be a"):
        tickets.shrink(torch.zeros, None, x)
    with pytest.raises(TypeError, match=r"mask must hold boolean tensors; '0.weight' is torch.float32"):
        tickets.shrink(nn.Sequential(nn.Linear(2, 2)), {"0.weight": torch.ones(2, 2)}, torch.ones(1, 2))
    assert capfd.readouterr().err == ""  # torch.fx would print a traceback


def test_a_mask_of_another_model_is_refused_by_name():
    model, x = make("lecun")
    with pytest.raises(ValueError, match=r"'0\.weight' is .* in the mask"):
        tickets.shrink(model, Mask({"0.weight": torch.ones(2, 2, dtype=torch.bool)}), x)
    with pytest.raises(ValueError, match=r"'conv\.weight' is .* absent in the model"):
        tickets.shrink(model, Mask({"conv.weight": torch.ones(2, 2, dtype=torch.bool)}), x)
    nn.utils.parametrizations.weight_norm(model[0])
    with pytest.raises(ValueError, match=r"'0\.weight'"):
        tickets.shrink(model, Mask({"0.weight": torch.zeros(6, 1, 5, 5, dtype=torch.bool)}), x)


def test_tied_weights_are_refused():
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))
    model[2].weight = model[0].weight
    mask = tickets.structured(model, {"2.weight": torch.arange(4) < 2}, torch.zeros(1, 4))
    with pytest.raises(ValueError, match=r"'2.weight' is tied to '0.weight'"):
        tickets.shrink(model, mask, torch.zeros(1, 4))


@pytest.mark.parametrize("module", [nn.Linear(6, 5), nn.Conv2d(6, 5, 1)])
def test_an_input_stays_whole_though_nobody_looks_at_a_part_of_it(module):
    """The outside world gives it: a mask without the weights of an empty pixel takes none away."""
    example = torch.randn(2, 6) if isinstance(module, nn.Linear) else torch.randn(2, 6, 3, 3)
    model = nn.Sequential(module, nn.ReLU(), nn.Flatten(), nn.LazyLinear(2))
    model(example)
    masks = {name: torch.ones(p.shape, dtype=torch.bool) for name, p in model.named_parameters()}
    masks["0.weight"][:, 2] = False
    smaller = tickets.shrink(model, masks, example)
    assert smaller[0].weight.shape == model[0].weight.shape


def test_no_layer_loses_all_its_filters():
    model, x = make("resnet20 A")
    norm = {f"blocks.0.norm1.{key}": torch.zeros(16, dtype=torch.bool) for key in ("weight", "bias")}
    with pytest.raises(EmptyLayer, match=r"'blocks.0.conv1' would keep none of 16"):
        tickets.shrink(model, Mask(norm), x)
