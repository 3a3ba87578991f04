"""LeNet-5 as the light switch's authors wrote it."""

from torch import Tensor, nn
from torch.nn import functional as F


class LeNet5(nn.Module):
    """Conv 6@5×5 → two parallel conv 16@5×5, summed → conv 120@5×5 → 84 → classes; ReLU and 2×2 max-pooling between.

    Input [B, channels, 32, 32]; returns logits [B, classes].

    >>> LeNet5(channels=3)(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 10])
    """

    def __init__(self, channels: int = 1, classes: int = 10) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 6, 5)
        self.conv2a = nn.Conv2d(6, 16, 5)
        self.conv2b = nn.Conv2d(6, 16, 5)
        self.conv3 = nn.Conv2d(16, 120, 5)
        self.fc1 = nn.Linear(120, 84)
        self.fc2 = nn.Linear(84, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(self.conv1(x).relu(), 2)
        x = F.max_pool2d(self.conv2a(x).relu(), 2) + F.max_pool2d(self.conv2b(x).relu(), 2)
        x = self.conv3(x).relu().flatten(1)
        return self.fc2(self.fc1(x).relu())
