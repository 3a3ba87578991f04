"""What LAPerm costs: one sync against a double argsort, and training with it against the inner optimizer alone."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rewire.bench import interleave
from rewire.models import MLP
from rewire.permutations import LAPerm, rows, sorted_rows

WIDTHS, BATCH, K = (784, 500, 300, 10), 64, 20
STEPS = 5 * K  # five syncs, so that a round has its share of them


def network() -> nn.Module:
    torch.manual_seed(0)
    return MLP(*WIDTHS)


def training(k: int | None) -> Callable[[], None]:
    """STEPS steps of fused Adam at batch 64, with LAPerm or without."""
    model = network()
    x, y = torch.rand(BATCH, WIDTHS[0]), torch.randint(WIDTHS[-1], (BATCH,))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    if k is not None:
        LAPerm(optimizer, k)

    def train() -> None:
        for _ in range(STEPS):
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()

    return train


def overhead(k: int) -> dict[str, Any]:
    row = interleave(training(k), training(None), rounds=30, repeats=1)
    return row | {"k": k, "steps": STEPS, "target": 1.1}


def sync(threads: int) -> dict[str, Any]:
    """A sync of what 20 steps of fused Adam made of the weights, against the authors' double argsort of the same."""
    weights = [p for p in network().parameters() if p.ndim > 1]
    profiles = [sorted_rows(rows(p)) for p in weights]
    laperm = LAPerm(torch.optim.SGD(weights, lr=1e-3), 2 * K)
    laperm.sync()  # takes the values
    trained = _trained()

    def load() -> None:
        for weight, inner in zip(weights, trained):
            weight.detach().copy_(inner)

    def ours() -> None:
        load()
        laperm.sync()

    def reference() -> None:
        load()
        for weight, profile in zip(weights, profiles):
            order = weight.detach().argsort(dim=1, stable=True)
            weight.detach().copy_(profile.gather(1, order.argsort(dim=1)))

    torch.set_num_threads(threads)
    try:
        return interleave(ours, reference, rounds=40, repeats=2) | {"target": 0.125, "target_ms": 6}
    finally:
        torch.set_num_threads(1)


def _trained() -> list[Tensor]:
    """The weights after 20 steps on noise."""
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    for _ in range(K):
        optimizer.zero_grad()
        F.cross_entropy(model(torch.rand(BATCH, WIDTHS[0])), torch.randint(WIDTHS[-1], (BATCH,))).backward()
        optimizer.step()
    return [p.detach().clone() for p in model.parameters() if p.ndim > 1]


BENCHMARKS: dict[str, Callable[[], dict[str, Any]]] = {
    "laperm/sync": partial(sync, 1),
    "laperm/sync-2": partial(sync, 2),
    "laperm/overhead": partial(overhead, K),
}
