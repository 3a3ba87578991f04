"""LeNet-5 as its papers have it: LeCun et al.'s of 1998, and the larger one of Caffe that Han et al. 2015 pruned."""

from torch import nn


class LeCunLeNet5(nn.Sequential):
    """LeNet-5 with LeCun et al. 1998's layer sizes, ReLU and max-pooling: 61,706 parameters.

    Conv 6@5×5 (padding 2) → pool → conv 16@5×5 → pool → 120 → 84 → classes. Input [B, channels, 28, 28]; returns
    logits [B, classes]. The original's tanh, trained subsampling and partly connected second convolution are left out,
    as nearly everybody does.

    >>> LeCunLeNet5()(torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2, 10])
    """

    def __init__(self, channels: int = 1, classes: int = 10) -> None:
        super().__init__(
            *(nn.Conv2d(channels, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2)),
            nn.Flatten(),
            *(nn.Linear(16 * 5 * 5, 120), nn.ReLU()),
            *(nn.Linear(120, 84), nn.ReLU()),
            nn.Linear(84, classes),
        )


class CaffeLeNet5(nn.Sequential):
    """Caffe's LeNet, the "LeNet-5" of Han et al. 2015, Table 1: 431,080 parameters ("431K").

    Conv 20@5×5 → pool → conv 50@5×5 → pool → 500 → classes; no ReLU after the convolutions, as in Caffe's file.
    Input [B, channels, 28, 28]; returns logits [B, classes].

    >>> sum(p.numel() for p in CaffeLeNet5().parameters())
    431080
    """

    def __init__(self, channels: int = 1, classes: int = 10) -> None:
        super().__init__(
            *(nn.Conv2d(channels, 20, 5), nn.MaxPool2d(2)),
            *(nn.Conv2d(20, 50, 5), nn.MaxPool2d(2)),
            nn.Flatten(),
            *(nn.Linear(50 * 4 * 4, 500), nn.ReLU()),
            nn.Linear(500, classes),
        )
