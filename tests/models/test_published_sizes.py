"""The networks have the sizes their papers print; where a paper's number is not its layers' sum, both stand here."""

import pytest
import torch
from torch import nn

from rewire.models import MLP, VGG7, VGG16, VGG19, CaffeLeNet5, Conv2, Conv4, Conv6, LeCunLeNet5, ResNet20


def count(model: nn.Module, *kinds: type[nn.Module]) -> int:
    modules = [m for m in model.modules() if isinstance(m, kinds)] if kinds else [model]
    return sum(p.numel() for module in modules for p in module.parameters())


@pytest.mark.parametrize(
    ("model", "size", "printed"),
    [
        (MLP(784, 300, 100, 10), 266_610, "266K"),
        (LeCunLeNet5(), 61_706, "60K"),
        (CaffeLeNet5(), 431_080, "431K"),
        (Conv2(), 4_301_642, "4.3M"),
        (Conv2(channels=1, size=28), 3_317_450, "-"),
        (Conv4(), 2_425_930, "2.4M"),
        (Conv6(), 2_262_602, "1.7M"),  # the paper's own layers give 2.3M; see the next test
        (VGG16(), 14_991_946, "1.5e7"),
        (VGG19(), 20_035_018, "20.0M"),
        (ResNet20(), 269_722, "0.27M"),
        (ResNet20(shortcut="projection"), 272_474, "272,474"),
        (ResNet20(shortcut="keras"), 273_066, "273,066"),
        (VGG7(batch_norm=False), 307_498, "307,498"),
        (VGG7(), 307_498 + 2 * 448, "-"),
    ],
)
def test_sizes(model, size, printed):
    assert count(model) == size


def test_convolutions_of_conv_2_4_6_have_the_printed_38k_260k_1100k():
    assert [count(model, nn.Conv2d) for model in (Conv2(), Conv4(), Conv6())] == [38_720, 260_160, 1_145_408]


@pytest.mark.parametrize(
    "model", [VGG7(dropout=(0.2, 0.3, 0.4)), ResNet20(shortcut="projection"), ResNet20(shortcut="keras")]
)
def test_variants_run_and_learn(model):
    out = model(torch.randn(2, 3, 32, 32))
    assert out.shape == (2, 10)
    out.square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


def test_option_a_adds_no_parameters_and_pads_with_zeros():
    shortcut = ResNet20().blocks[3].shortcut
    x = torch.rand(1, 16, 4, 4) + 1
    out = shortcut(x)
    assert not list(shortcut.parameters())
    assert torch.equal(out[:, 8:24], x[:, :, ::2, ::2])
    assert not out[:, :8].any()
    assert not out[:, 24:].any()


def test_wrong_settings_are_refused_by_name():
    with pytest.raises(ValueError, match="shortcut must be one of 'pad', 'projection', 'keras'"):
        ResNet20(shortcut="option A")
    with pytest.raises(ValueError, match="size must be at least 8"):
        Conv6(size=4)
    with pytest.raises(ValueError, match="dropout must be 3"):
        VGG7(dropout=(0.5,))
