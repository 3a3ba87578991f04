"""Conv-2, Conv-4 and Conv-6: the scaled-down VGGs of Frankle & Carbin 2019, Figure 2."""

from torch import nn


class _Conv(nn.Sequential):
    """Blocks of two 3×3 convolutions and a 2×2 max-pooling, then 256 → 256 → classes; ReLU throughout."""

    def __init__(self, blocks: tuple[int, ...], channels: int, classes: int, size: int) -> None:
        if size < 2 ** len(blocks):
            raise ValueError(
                f"size must be at least {2 ** len(blocks)} pixels, to be halved {len(blocks)} times; got {size}"
            )
        layers: list[nn.Module] = []
        for width in blocks:
            for inputs in (channels, width):
                layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU()]
            layers.append(nn.MaxPool2d(2))
            channels, size = width, size // 2
        layers += [nn.Flatten(), nn.Linear(channels * size**2, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU()]
        super().__init__(*layers, nn.Linear(256, classes))


class Conv2(_Conv):
    """Conv-2 of Frankle & Carbin 2019: 4,301,642 parameters ("4.3M") on 32×32×3.

    `Conv2(channels=1, size=28)` is the "LeNet5" of the popular repository of lottery tickets on MNIST: 3,317,450
    parameters, fifty times LeCun's. Input [B, channels, size, size]; returns logits [B, classes].

    >>> Conv2(channels=1, size=28)(torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2, 10])
    """

    def __init__(self, channels: int = 3, classes: int = 10, size: int = 32) -> None:
        super().__init__((64,), channels, classes, size)


class Conv4(_Conv):
    """Conv-4 of Frankle & Carbin 2019: 2,425,930 parameters ("2.4M") on 32×32×3; see `Conv2`."""

    def __init__(self, channels: int = 3, classes: int = 10, size: int = 32) -> None:
        super().__init__((64, 128), channels, classes, size)


class Conv6(_Conv):
    """Conv-6 of Frankle & Carbin 2019: 2,262,602 parameters on 32×32×3; see `Conv2`.

    The paper prints 1.7M. Its layers add up to 2.3M, of which 1,145,408 are convolutions, as it prints ("1.1M").
    """

    def __init__(self, channels: int = 3, classes: int = 10, size: int = 32) -> None:
        super().__init__((64, 128, 256), channels, classes, size)
