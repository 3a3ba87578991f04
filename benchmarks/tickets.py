"""What tickets cost: a training step under a mask, and what `find` adds to a level, in seconds and in memory."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

import rewire
from rewire.bench import interleave
from rewire.models import MLP
from rewire.runs.resident import GIB, peak_gib
from rewire.tickets import Phase, find, masked, prunable

WIDTHS = (784, 300, 100, 10)
LAYERS, SHAPE = 50, (1000, 500)  # 25 M weights, as many as a ResNet-50 has
LEVELS = 3
Step = Callable[[], None]


def random_mask(model: nn.Module, density: float) -> rewire.Mask:
    return rewire.Mask({name: torch.rand(weight.shape) < density for name, weight in prunable(model).items()})


def training_step(model: nn.Module, x: Tensor, y: Tensor) -> Step:
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)

    def step() -> None:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return step


def masked_step() -> dict[str, Any]:
    """784-300-100-10 at batch 60 and a density of 0.2, masked against dense."""
    torch.manual_seed(0)
    x, y = torch.rand(60, 784), torch.randint(10, (60,))
    sparse, dense = MLP(*WIDTHS), MLP(*WIDTHS)
    with masked(sparse, random_mask(sparse, 0.2)):
        return interleave(training_step(sparse, x, y), training_step(dense, x, y), rounds=200) | {"target": 1.10}


class Images(Dataset[tuple[Tensor, int]]):
    """What torchvision's MNIST, ToTensor and Normalize do to each image when it is asked for."""

    def __init__(self, images: Tensor, labels: Tensor) -> None:
        self.images, self.labels = images, labels

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        image = Image.fromarray(self.images[index].numpy())
        x = torch.from_numpy(np.array(image)).view(28, 28, 1).permute(2, 0, 1).contiguous().float().div(255)
        mean, std = (torch.as_tensor([number]).view(-1, 1, 1) for number in (0.1307, 0.3081))
        return x.sub_(mean).div_(std), int(self.labels[index])


class MaskedInside(nn.Module):
    """The usual masked layer: the mask is multiplied in at every step."""

    def __init__(self, inner: nn.Linear, mask: Tensor) -> None:
        super().__init__()
        self.inner = inner
        self.register_buffer("mask", mask.float())

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.inner.weight * self.mask, self.inner.bias)


def usual_loop() -> dict[str, Any]:
    """A step with its batch, at batch 128: ours against a DataLoader over images and masks multiplied in the model."""
    torch.manual_seed(0)
    images, labels = torch.randint(256, (6000, 28, 28), dtype=torch.uint8), torch.randint(10, (6000,))
    model = MLP(*WIDTHS)
    mask = random_mask(model, 0.2)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    layers = [nn.Linear(a, b) for a, b in pairwise(WIDTHS)]
    inside = [MaskedInside(layer, on) for layer, on in zip(layers, mask.values(), strict=True)]
    theirs = nn.Sequential(nn.Flatten(), inside[0], nn.ReLU(), inside[1], nn.ReLU(), inside[2])
    their_optimizer = torch.optim.Adam(theirs.parameters(), lr=1e-3)
    batches = _endless(DataLoader(Images(images, labels), batch_size=128, shuffle=True, drop_last=True))

    def ours() -> None:
        index = torch.randint(6000, (128,))
        x = images[index].flatten(1).float().div_(255).sub_(0.1307).div_(0.3081)
        optimizer.zero_grad()
        F.cross_entropy(model(x), labels[index]).backward()
        optimizer.step()

    def reference() -> None:
        x, y = next(batches)
        their_optimizer.zero_grad()
        F.cross_entropy(theirs(x), y).backward()
        their_optimizer.step()

    with masked(model, mask):
        return interleave(ours, reference, rounds=100) | {"target": round(1 / 3, 3)}


def _endless(loader: DataLoader[Any]) -> Iterator[Any]:
    while True:
        yield from loader


def level(what: str) -> dict[str, Any]:
    """What a level of 25 M weights costs besides training: criterion, selection, rewinding, files. In a process apart.

    Seconds against the 2 that are allowed, or peak memory in multiples of the weights' against 3.
    """
    # For memory, glibc is told to give back what is freed: what it keeps for later is not what a level takes.
    environment = os.environ | ({"MALLOC_MMAP_THRESHOLD_": "65536"} if what == "memory" else {})
    done = subprocess.run([sys.executable, __file__], capture_output=True, text=True, check=True, env=environment)
    measured = json.loads(done.stdout)
    allowed, unit = {"seconds": (2.0, "s"), "memory": (3.0, "× the weights")}[what]
    row = {"ours": round(measured[what], 3), "reference": allowed, "ratio": round(measured[what] / allowed, 3)}
    return row | {"unit": unit, "threads": 1, "rounds": LEVELS, "target": 1.0}


def measure_level() -> dict[str, float]:
    """The least seconds from one training to the next, and the peak of memory above what the model itself takes."""
    torch.set_num_threads(1)
    model = nn.Sequential(*(nn.Linear(*SHAPE) for _ in range(LAYERS)))
    size = sum(parameter.numel() * parameter.element_size() for parameter in model.parameters())
    marks: list[float] = []

    def train(model: nn.Module, phase: Phase) -> None:
        marks.append(time.perf_counter())
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.mul_(0.5)
        marks.append(time.perf_counter())

    before = peak_gib()
    with tempfile.TemporaryDirectory() as directory:
        find(model, train, levels=LEVELS, directory=directory)
    between = [after - end for end, after in zip(marks[1::2], marks[2::2])]
    return {"seconds": min(between), "memory": (peak_gib() - before) * GIB / size}


BENCHMARKS = {
    "tickets/masked": masked_step,
    "tickets/usual-loop": usual_loop,
    "tickets/level": lambda: level("seconds"),
    "tickets/level-memory": lambda: level("memory"),
}

if __name__ == "__main__":
    print(json.dumps(measure_level()))
