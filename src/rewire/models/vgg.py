"""VGG for CIFAR, with BatchNorm: VGG-19, the VGG-16 of Li et al., and the small VGG-7 of Permute to Train."""

from collections.abc import Sequence

from torch import nn


class VGG7(nn.Sequential):
    """The VGG-7 of Permute to Train (Qiu & Suda 2022, Fig. 12): 307,498 weights and biases, and 896 of BatchNorm.

    Six 3×3 convolutions (32, 32, 64, 64, 128, 128) in blocks of two, each block ending in a 2×2 max-pooling and
    dropout, then one linear layer. The layout is derived: the paper prints the parameter count and the dropout, and
    these widths with biases on every layer give that count exactly, BatchNorm's factors and shifts left out.

    batch_norm: between each convolution and its ReLU. dropout: after each block; the paper's is (0.2, 0.3, 0.4).
    Input [B, channels, 32, 32]; returns logits [B, classes].

    >>> VGG7()(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 10])
    """

    def __init__(
        self,
        channels: int = 3,
        classes: int = 10,
        batch_norm: bool = True,
        dropout: Sequence[float] = (0.0, 0.0, 0.0),
    ) -> None:
        if len(dropout) != 3:
            raise ValueError(
                f"dropout must be 3 probabilities, one per block; got {len(dropout)}: as in (0.2, 0.3, 0.4)"
            )
        layers: list[nn.Module] = []
        for width, probability in zip((32, 64, 128), dropout):
            layers += _block(channels, width, 2, bias=True, batch_norm=batch_norm)
            layers += [nn.Dropout(probability)] if probability else []
            channels = width
        super().__init__(*layers, nn.Flatten(), nn.Linear(channels * 4 * 4, classes))


class VGG16(nn.Sequential):
    """VGG-16 for CIFAR as Li et al. 2017 prune it: 14,991,946 parameters ("1.5 × 10⁷").

    Thirteen 3×3 convolutions, each with BatchNorm and ReLU (2 of 64, 2 of 128, 3 of 256, 6 of 512), max-pooling after
    each of five blocks, then 512 → 512 → classes. Input [B, channels, 32, 32]; returns logits [B, classes].
    """

    def __init__(self, channels: int = 3, classes: int = 10) -> None:
        layers = _blocks(channels, ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)))
        hidden = (nn.Linear(512, 512), nn.BatchNorm1d(512), nn.ReLU())
        super().__init__(*layers, nn.Flatten(), *hidden, nn.Linear(512, classes))


class VGG19(nn.Sequential):
    """VGG-19 for CIFAR as in Frankle & Carbin 2019, Figure 2: 20,035,018 parameters ("20.0M").

    Sixteen 3×3 convolutions without biases, each with BatchNorm and ReLU (2 of 64, 2 of 128, 4 of 256, 8 of 512),
    max-pooling after the first four blocks, then global average pooling and one linear layer. Input
    [B, channels, 32, 32]; returns logits [B, classes].
    """

    def __init__(self, channels: int = 3, classes: int = 10) -> None:
        layers = _blocks(channels, ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4)), bias=False)
        super().__init__(*layers[:-1], nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, classes))


def _blocks(channels: int, blocks: Sequence[tuple[int, int]], bias: bool = True) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for width, depth in blocks:
        layers += _block(channels, width, depth, bias=bias, batch_norm=True)
        channels = width
    return layers


def _block(channels: int, width: int, depth: int, *, bias: bool, batch_norm: bool) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for inputs in (channels, *[width] * (depth - 1)):
        layers.append(nn.Conv2d(inputs, width, 3, padding=1, bias=bias))
        layers += [nn.BatchNorm2d(width)] if batch_norm else []
        layers.append(nn.ReLU())
    return [*layers, nn.MaxPool2d(2)]
