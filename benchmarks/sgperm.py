"""What a step of SGPerm costs, on one and two threads, against plain Python, Adam and a pass over its memory."""

from collections.abc import Callable
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from itertools import cycle
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rewire.bench import interleave
from rewire.models import MLP
from rewire.optim import SGPerm
from rewire.permutations import recommend, weight_slots

REFERENCE = Path(__file__).parents[1] / "tests" / "permutations" / "sgperm_reference.py"
SHAPE, LARGE = (10, 784), (500, 784)
EARLY, LATE = {"aggressiveness": 0.15, "partition": 0.05}, {"aggressiveness": 0.005, "partition": 0.1}
STILL = {"aggressiveness_decay": 1.0, "partition_growth": 1.0, "seed": 0}  # every step as the first
WIDTHS, BATCH, UPDATES = (784, 500, 300, 10), 64, 800


def gradients(shape: tuple[int, ...]) -> Callable[[], Tensor]:
    """A gradient at each call, of twenty in turn: what was moved along one of them is still to move for the next."""
    random = torch.Generator().manual_seed(0)
    turn = cycle([torch.randn(shape, generator=random) for _ in range(20)])
    return lambda: next(turn)


def weight(shape: tuple[int, ...]) -> nn.Parameter:
    torch.manual_seed(0)
    return nn.Parameter(nn.init.kaiming_uniform_(torch.empty(shape)))


def step(shape: tuple[int, ...], **options: Any) -> Callable[[], None]:
    """One step of the optimizer, α and λ fixed."""
    parameter, gradient = weight(shape), gradients(shape)
    optimizer = SGPerm([parameter], **STILL, **options)

    def run() -> None:
        parameter.grad = gradient()
        optimizer.step()

    return run


def python_step(shape: tuple[int, ...], aggressiveness: float, partition: float) -> Callable[[], None]:
    """The same algorithm, row after row and slot after slot in Python: the reference of the tests."""
    spec = spec_from_file_location("sgperm_reference", REFERENCE)
    assert spec is not None
    assert spec.loader is not None
    naive = module_from_spec(spec)
    spec.loader.exec_module(naive)
    values, gradient, buffer = weight(shape).detach(), gradients(shape), torch.zeros(shape)
    order = values.argsort(dim=1, stable=True).numpy()

    def run() -> None:
        recommend(buffer, gradient(), out=buffer)
        size = int(partition * shape[1])
        naive.move(values.numpy(), buffer.numpy(), order, size, aggressiveness, naive.dfs, (0, 0, 1))

    return run


def passes(shape: tuple[int, ...]) -> Callable[[], None]:
    """What no method can do without: momentum, and each weight and its place in the order read and written."""
    values, gradient, buffer = weight(shape).detach(), gradients(shape), torch.zeros(shape)
    order, spare = values.argsort(dim=1, stable=True), torch.empty(shape)

    def run() -> None:
        recommend(buffer, gradient(), out=buffer)
        torch.gather(values, 1, order, out=spare)
        values.scatter_(1, order, spare)

    return run


def on_threads(count: int, ours: Callable[[], None], reference: Callable[[], None], **options: Any) -> dict[str, Any]:
    threads = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        return interleave(ours, reference, **options)
    finally:
        torch.set_num_threads(threads)


def small(threads: int) -> dict[str, Any]:
    """784 × 10 against Python."""
    pair = step(SHAPE, **EARLY), python_step(SHAPE, **EARLY)
    return on_threads(threads, *pair, rounds=20, repeats=1) | {"target_ms": 0.4}


def python(threads: int) -> dict[str, Any]:
    """784 × 500 against Python, which takes seconds."""
    pair = step(LARGE, **EARLY), python_step(LARGE, **EARLY)
    return on_threads(threads, *pair, rounds=3, repeats=1) | {"target": round(1 / 300, 5)}


def large(threads: int, settings: dict[str, float], match: str = "dfs") -> dict[str, Any]:
    """784 × 500 against passes over its memory: the ratio is how far from the floor a step is."""
    pair = step(LARGE, **settings, match=match), passes(LARGE)
    row = on_threads(threads, *pair, rounds=20, repeats=2)
    return row | ({"target_ms": 17} if match == "dfs" and threads == 2 else {})


def update(make: Callable[[nn.Module], list[torch.optim.Optimizer]]) -> Callable[[], None]:
    """A whole training step of 784-500-300-10."""
    torch.manual_seed(0)
    model = MLP(*WIDTHS)
    optimizers, x, y = make(model), torch.rand(20, BATCH, WIDTHS[0]), torch.randint(WIDTHS[-1], (20, BATCH))
    turn = cycle(range(20))

    def run() -> None:
        batch = next(turn)
        for optimizer in optimizers:
            optimizer.zero_grad()
        F.cross_entropy(model(x[batch]), y[batch]).backward()
        for optimizer in optimizers:
            optimizer.step()

    return run


def network(threads: int, match: str) -> dict[str, Any]:
    """545,000 weights: updates as α decays and λ grows, against those of fused Adam; seconds of 800 of them."""
    options = {"aggressiveness": 0.07, "aggressiveness_decay": 0.985, "seed": 0, "match": match}
    ours = update(lambda model: [SGPerm(weight_slots(model).values(), **options)])
    adams = update(lambda model: [torch.optim.Adam(model.parameters(), fused=True)])
    row = on_threads(threads, ours, adams, rounds=40, repeats=2)
    return row | {"seconds_of_800": round(UPDATES * row["ours"] / 1000, 1), "target_seconds": 25}


BENCHMARKS: dict[str, Callable[[], dict[str, Any]]] = {
    "sgperm/784x10-1": partial(small, 1),
    "sgperm/784x10-2": partial(small, 2),
    "sgperm/python-2": partial(python, 2),
    "sgperm/784x500-1": partial(large, 1, EARLY),
    "sgperm/784x500-2": partial(large, 2, EARLY),
    "sgperm/784x500-late-2": partial(large, 2, LATE),
    "sgperm/bracket-784x500-2": partial(large, 2, EARLY, "bracket"),
    "sgperm/project-784x500-2": partial(large, 2, EARLY, "project"),
    "sgperm/network-1": partial(network, 1, "dfs"),
    "sgperm/network-2": partial(network, 2, "dfs"),
}
