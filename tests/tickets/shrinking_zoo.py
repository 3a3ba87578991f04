"""Networks to shrink, small ones of every shape that channels can take, and what masked and shrunk are compared by."""

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rewire import tickets
from rewire.models import VGG7, CaffeLeNet5, LeCunLeNet5, LeNet5, ResNet20


class Concatenated(nn.Module):
    """A dense block, a depthwise convolution, one convolution used twice, and a width written out."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 3, padding=1)
        self.twice = nn.Conv2d(4, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(12)
        self.each = nn.Conv2d(12, 12, 3, padding=1, groups=12)
        self.last = nn.Conv2d(12, 6, 3, padding=1)
        self.fc = nn.Linear(6 * 4 * 4, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x).relu()
        y = self.twice(x).relu()
        x = torch.cat([x, y, self.twice(y).relu()], dim=1)
        x = F.max_pool2d(self.last(self.each(self.norm(x)).relu()), 2) * 0.5
        return self.fc(x.view(-1, 6 * 4 * 4))


class PreActivation(nn.Module):
    """Normalisation after the addition, and an addition in place."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 6, 3, padding=1, bias=False)
        self.norm1, self.conv1 = nn.BatchNorm2d(6), nn.Conv2d(6, 5, 3, padding=1)
        self.norm2, self.conv2 = nn.BatchNorm2d(5), nn.Conv2d(5, 6, 3, padding=1)
        self.norm3, self.fc = nn.BatchNorm2d(6), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        y = self.conv1(F.relu(self.norm1(x)))
        y = self.conv2(F.relu(self.norm2(y)))
        y += x
        return self.fc(F.adaptive_avg_pool2d(F.relu(self.norm3(y)), 1).flatten(1))


ZOO = {
    "lecun": (LeCunLeNet5, (4, 1, 28, 28)),
    "caffe": (CaffeLeNet5, (4, 1, 28, 28)),
    "two paths": (LeNet5, (4, 1, 32, 32)),
    "vgg7": (VGG7, (4, 3, 32, 32)),
    "resnet20 A": (ResNet20, (4, 3, 8, 8)),
    "resnet20 B": (lambda: ResNet20(shortcut="projection"), (4, 3, 8, 8)),
    "resnet20 keras": (lambda: ResNet20(shortcut="keras"), (4, 3, 8, 8)),
    "concatenated": (Concatenated, (4, 1, 8, 8)),
    "pre-activation": (PreActivation, (4, 1, 8, 8)),
}


def make(name: str, seed: int = 0) -> tuple[nn.Module, Tensor]:
    """A network of the zoo whose every entry and running statistic is something, in double precision, and an input."""
    build, shape = ZOO[name]
    generator = torch.Generator().manual_seed(seed)
    model = build().double()
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                for tensor in (module.weight, module.bias, module.running_mean, module.running_var):
                    tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.2)
    return model, torch.randn(shape, generator=generator, dtype=torch.float64)


def zeroed(model: nn.Module, mask) -> nn.Module:
    """A copy with zeros outside the mask."""
    model = copy.deepcopy(model)
    with torch.no_grad():
        for name, on in mask.items():
            model.get_parameter(name).mul_(on)
    return model


def random_filters(model: nn.Module, generator: torch.Generator) -> dict[str, Tensor]:
    """For every layer but the last some filters, drawn one by one, at least one of them."""
    norms = list(tickets.filter_norms(model, linear=True).items())[:-1]
    norms = [(name, norm) for name, norm in norms if name != "each.weight"]  # a depthwise convolution follows others
    drawn = {name: torch.rand(norm.shape, generator=generator) < 0.6 for name, norm in norms}
    for on in drawn.values():
        on[torch.randint(len(on), (), generator=generator)] = True
    return drawn
