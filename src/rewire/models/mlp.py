"""Fully connected networks."""

from itertools import pairwise

from torch import nn


class MLP(nn.Sequential):
    """Flatten, then linear layers of the given widths with ReLU between them.

    >>> MLP(784, 300, 100, 10)(torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2, 10])
    """

    def __init__(self, *widths: int) -> None:
        if len(widths) < 2:
            raise ValueError(f"widths must name at least input and output, as in MLP(784, 10); got {widths}")
        layers: list[nn.Module] = [nn.Flatten()]
        for inputs, outputs in pairwise(widths):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        super().__init__(*layers[:-1])
