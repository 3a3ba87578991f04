"""Channels put elsewhere: what takes the place of zero-padding in a network that lost some."""

from torch import Tensor, nn
from torch.nn import functional as F


class Rearrange(nn.Module):
    """Choose channels by position; position -1 is a channel of zeros.

    >>> Rearrange(torch.tensor([1, -1]))(torch.tensor([[5.0, 6.0]]))
    tensor([[6., 0.]])
    """

    def __init__(self, positions: Tensor) -> None:
        super().__init__()
        self.positions: Tensor
        self.register_buffer("positions", positions, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        padded = F.pad(x, (0, 0) * (x.dim() - 2) + (0, 1))
        return padded.index_select(1, self.positions % padded.shape[1])
