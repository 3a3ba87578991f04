"""What sparse layers cost: a training step by density, its parts, and a search of twenty levels, against dense ones."""

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rewire.bench import interleave
from rewire.models import MLP
from rewire.tasks import load_images, plain
from rewire.tickets import Phase, SparseLinear, find

WIDTHS, BATCH = (784, 300, 100, 10), 60
LEVELS, STEPS = 20, 100  # 100 steps each, so that ours and the dense search take turns within the machine's moods


def thinned(model: nn.Sequential, density: float) -> nn.Sequential:
    """The model with random weights left in its linear layers, at this density; 1 leaves it dense."""
    for index, layer in enumerate(model):
        if isinstance(layer, nn.Linear) and density < 1:
            model[index] = SparseLinear(layer, torch.rand(layer.weight.shape) < density)
    return model


def training_step(density: float, widths: tuple[int, ...] = WIDTHS) -> Callable[[], None]:
    """One step of fused Adam at batch 60."""
    torch.manual_seed(0)
    model = thinned(MLP(*widths), density)
    x, y = torch.rand(BATCH, widths[0]), torch.randint(widths[-1], (BATCH,))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)

    def step() -> None:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return step


def step(density: float, target: float | None) -> dict[str, Any]:
    row = interleave(training_step(density), training_step(1), rounds=200)
    return row if target is None else row | {"target": target}


def floor() -> dict[str, Any]:
    """A dense step with nothing to multiply against the real one: no layer could make a step cheaper than this."""
    return interleave(training_step(1, (1, 1, 1, 10)), training_step(1), rounds=200)


def forward(density: float) -> dict[str, Any]:
    """784 × 300 at batch 60: the product alone."""
    sparse, dense, x = *_first_layers(density), torch.rand(BATCH, 784)

    def product(layer: nn.Module) -> Tensor:
        with torch.no_grad():
            return layer(x)

    return interleave(partial(product, sparse), partial(product, dense), rounds=100)


def gradients(density: float) -> dict[str, Any]:
    """784 × 300 at batch 60: product and weight gradient."""
    sparse, dense, x, g = *_first_layers(density), torch.rand(BATCH, 784), torch.rand(BATCH, 300)

    def both(layer: nn.Module) -> None:
        layer.zero_grad()
        layer(x).backward(g)

    return interleave(partial(both, sparse), partial(both, dense), rounds=100)


def _first_layers(density: float) -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(0)
    dense = nn.Linear(784, 300)
    return SparseLinear(dense, torch.rand(300, 784) < density), dense


def search() -> dict[str, Any]:
    """Twenty levels on 784-300-100-10, each keeping 70 % of every layer, with as many steps at each; seconds in all."""
    x, y = _images()

    def train(model: nn.Module, phase: Phase) -> None:
        optimizer = torch.optim.Adam(model.parameters(), lr=1.2e-3, weight_decay=1e-4, fused=True)
        order = torch.Generator().manual_seed(0)
        for _ in range(STEPS):
            batch = torch.randint(len(x), (BATCH,), generator=order)
            optimizer.zero_grad()
            F.cross_entropy(model(x[batch]), y[batch]).backward()
            optimizer.step()

    def whole(sparse_below: float | None) -> None:
        torch.manual_seed(0)
        found = find(MLP(*WIDTHS), train, levels=LEVELS, keep=0.7, sparse_below=sparse_below)
        assert found.stopped is None

    row = interleave(partial(whole, 0.25), partial(whole, None), rounds=4, repeats=1)
    return row | {"levels": LEVELS, "steps": STEPS, "target": round(1 / 1.7, 3)}


def _images() -> tuple[Tensor, Tensor]:
    """MNIST from REWIRE_DATA; without it scikit-learn's digits, enlarged to 28 × 28."""
    name = "mnist" if os.environ.get("REWIRE_DATA") else "digits"
    x, y = plain(load_images(name), name, size=28).train[slice(5000)]
    return x.flatten(1), y


BENCHMARKS: dict[str, Callable[[], dict[str, Any]]] = {
    "sparse/step-10": partial(step, 0.10, None),
    "sparse/step-5": partial(step, 0.05, 0.4),
    "sparse/step-2": partial(step, 0.02, 0.25),
    "sparse/step-1": partial(step, 0.01, None),
    "sparse/step-floor": floor,
    "sparse/forward-5": partial(forward, 0.05),
    "sparse/forward-2": partial(forward, 0.02),
    "sparse/gradients-5": partial(gradients, 0.05),
    "sparse/gradients-2": partial(gradients, 0.02),
    "sparse/search": search,
}
