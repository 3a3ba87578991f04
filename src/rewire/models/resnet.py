"""ResNet-20 for CIFAR, after He et al. 2016, with the three shortcuts that are in use."""

from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F

from rewire.errors import choice

SHORTCUTS = ("pad", "projection", "keras")


class ResNet20(nn.Module):
    """Conv 16@3×3, three stages of three blocks (16, 32, 64 channels), global average pooling, one linear layer.

    shortcut: where a stage halves the picture,
        "pad"         every second pixel, zeros for the new channels (option A): 269,722 parameters;
        "projection"  1×1 convolution and BatchNorm (option B): 272,474 parameters;
        "keras"       1×1 convolution alone, and every convolution has a bias, as in the Keras example that Permute to
                      Train counts: 273,066 parameters.
    Input [B, channels, H, W]; returns logits [B, classes].

    >>> ResNet20()(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 10])
    """

    def __init__(self, channels: int = 3, classes: int = 10, shortcut: str = "pad") -> None:
        if shortcut not in SHORTCUTS:
            raise choice("shortcut", SHORTCUTS, shortcut)
        super().__init__()
        self.conv = nn.Conv2d(channels, 16, 3, padding=1, bias=shortcut == "keras")
        self.norm = nn.BatchNorm2d(16)
        widths = (16, 16, 16, 16, 32, 32, 32, 64, 64, 64)
        self.blocks = nn.Sequential(*(Block(a, b, shortcut) for a, b in pairwise(widths)))
        self.fc = nn.Linear(64, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.conv(x)).relu()
        x = self.blocks(x)
        return self.fc(x.mean((2, 3)))


class Block(nn.Module):
    """Two 3×3 convolutions with BatchNorm, added to their input; more outputs than inputs halve the picture."""

    def __init__(self, inputs: int, outputs: int, shortcut: str) -> None:
        super().__init__()
        stride, bias = (1 if inputs == outputs else 2), shortcut == "keras"
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=bias)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=bias)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Identity() if inputs == outputs else _shortcut(inputs, outputs, shortcut)

    def forward(self, x: Tensor) -> Tensor:
        branch = self.norm1(self.conv1(x)).relu()
        branch = self.norm2(self.conv2(branch))
        return (branch + self.shortcut(x)).relu()


class Pad(nn.Module):
    """Every second pixel, and zero channels on both sides: He et al.'s option A."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.before, self.after = before, after

    def forward(self, x: Tensor) -> Tensor:
        return F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.before, self.after))


def _shortcut(inputs: int, outputs: int, kind: str) -> nn.Module:
    if kind == "pad":
        before = (outputs - inputs) // 2
        return Pad(before, outputs - inputs - before)
    if kind == "projection":
        return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride=2, bias=False), nn.BatchNorm2d(outputs))
    return nn.Conv2d(inputs, outputs, 1, stride=2)
