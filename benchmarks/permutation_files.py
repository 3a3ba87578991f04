"""What permutation files cost: their bytes against log2 of the number of orders, and the time they take."""

import statistics
import tempfile
import time
import zlib
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import nn

from rewire.bench import interleave
from rewire.files import read_tensors, write_tensors
from rewire.permutations import Initial, initialise_, load_permutation, save_permutation
from rewire.permutations.codec import decode, encode, information
from rewire.permutations.ranks import place, ranks, sorted_rows
from rewire.permutations.rows import put, rows, weight_slots

NETWORK = (784, 500, 300, 10)
ROUNDS = 11


def shuffled(initial: torch.Tensor) -> torch.Tensor:
    """Each row in an order of its own."""
    order = torch.rand(initial.shape, generator=torch.Generator().manual_seed(0)).argsort(1)
    return initial.gather(1, order)


def network(source: Initial, layers: Sequence[int] = NETWORK, dtype: torch.dtype = torch.float32) -> nn.Sequential:
    model = initialise_(nn.Sequential(*(nn.Linear(*pair) for pair in pairwise(layers))).to(dtype), source)
    for weight in weight_slots(model).values():
        put(weight, shuffled(rows(weight)))
    return model


def file_size(source: Initial, layers: Sequence[int] = NETWORK, dtype: torch.dtype = torch.float32) -> dict[str, Any]:
    """The whole file in bits per weight, beside log2 of the number of orders; biases count in both as they are."""
    model = network(source, layers, dtype)
    weights = weight_slots(model)
    biases = sum(8 * p.nbytes for name, p in model.named_parameters() if name not in weights)
    bound = biases + sum(information(rows(weight)) for weight in weights.values())
    size = sum(parameter.numel() for parameter in model.parameters())
    with tempfile.TemporaryDirectory() as folder:
        spent = 8 * save_permutation(model, source, Path(folder) / "network").stat().st_size
    row = {"ours": round(spent / size, 4), "reference": round(bound / size, 4), "ratio": round(spent / bound, 5)}
    return row | {"unit": "bits per weight", "threads": 1, "rounds": 1}


def encoding(shape: tuple[int, int], dtype: torch.dtype = torch.float32) -> dict[str, Any]:
    """Encoding a tensor, against zlib on its ranks."""
    initial, moved, _ = tensors(shape, dtype)
    return timed(lambda: encode(moved, initial), lambda: compressed(moved), initial.numel())


def decoding(shape: tuple[int, int], dtype: torch.dtype = torch.float32) -> dict[str, Any]:
    """Decoding a tensor, against zlib on its ranks and placing the sorted values by them."""
    initial, moved, encoded = tensors(shape, dtype)
    packed, in_order = compressed(moved), sorted_rows(initial)

    def inflated() -> torch.Tensor:
        found = torch.frombuffer(bytearray(zlib.decompress(packed)), dtype=torch.int32).reshape(shape)
        return place(in_order, found.long())

    return timed(lambda: decode(encoded, initial), inflated, initial.numel())


def tensors(shape: tuple[int, int], dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    initial = torch.randn(shape, generator=torch.Generator().manual_seed(0)).to(dtype)
    moved = shuffled(initial)
    return initial, moved, encode(moved, initial)


def compressed(moved: torch.Tensor) -> bytes:
    return zlib.compress(ranks(moved).int().numpy().tobytes(), 1)


def timed(ours: Callable[[], object], reference: Callable[[], object], weights: int) -> dict[str, Any]:
    """Both, interleaved, and how many weights ours does in a second of one core, whatever else the machine does."""
    seconds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        ours()
        seconds.append(time.process_time() - start)
    row = interleave(ours, reference, rounds=ROUNDS, repeats=1)
    return row | {"M weights/s of a core": round(weights / statistics.median(seconds) / 1e6, 1)}


def whole() -> dict[str, Any]:
    """Saving and loading the network, its initial values drawn anew each time, against safetensors."""
    source = Initial(seed=1)
    model, fresh = network(source), network(source)
    with tempfile.TemporaryDirectory() as folder:
        ours, plain = Path(folder) / "ours", Path(folder) / "plain"

        def safetensors() -> None:
            write_tensors(plain, dict(model.state_dict()))
            fresh.load_state_dict(read_tensors(plain)[0])

        def permutations() -> None:
            load_permutation(save_permutation(model, source, ours), fresh)

        return timed(permutations, safetensors, 2 * sum(w.numel() for w in weight_slots(model).values()))


HALF = torch.bfloat16
BENCHMARKS = {
    "permutation-files/size": lambda: file_size(Initial(seed=1)) | {"target": 1.005},
    "permutation-files/size-784-10": lambda: file_size(Initial(seed=1), (784, 10)),
    "permutation-files/size-sparse": lambda: file_size(Initial(seed=1, density=0.1)) | {"target": 1.005},
    "permutation-files/size-bfloat16": lambda: file_size(Initial(seed=1), dtype=HALF) | {"target": 1.005},
    "permutation-files/encode": lambda: encoding((500, 784)),
    "permutation-files/decode": lambda: decoding((500, 784)),
    "permutation-files/encode-1M": lambda: encoding((1000, 1000)),
    "permutation-files/decode-1M": lambda: decoding((1000, 1000)),
    "permutation-files/encode-bfloat16": lambda: encoding((512, 4608), HALF),
    "permutation-files/decode-bfloat16": lambda: decoding((512, 4608), HALF),
    "permutation-files/encode-one-row": lambda: encoding((1, 1_000_000)),
    "permutation-files/decode-one-row": lambda: decoding((1, 1_000_000)),
    "permutation-files/save-and-load": whole,
}
