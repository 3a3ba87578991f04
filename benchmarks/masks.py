"""What masks cost: their files against the entropy of their bits, and selection against sorting."""

import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from rewire.bench import interleave
from rewire.masks import Mask, pack, save_mask, select, unpack
from rewire.masks.codec import decode, encode, entropy

SHAPES = {"fc1.weight": (300, 784), "fc2.weight": (100, 300), "fc3.weight": (10, 100)}
ENTRIES = 25_000_000  # of a ResNet-50
LAYERS = 50


def mask_file(density: float) -> dict[str, Any]:
    """The whole file of a mask of the 784-300-100-10 network, header included, in bits per weight."""
    scores = {name: torch.rand(shape, generator=torch.Generator().manual_seed(0)) for name, shape in SHAPES.items()}
    return file_size(select(scores, density))


def large_file(density: float) -> dict[str, Any]:
    """The same for a mask of 25 M entries in 50 tensors."""
    return file_size(Mask({name: score < density for name, score in large_scores().items()}))


def file_size(mask: Mask) -> dict[str, Any]:
    bound = sum(entropy(on.numel(), int(on.count_nonzero())) for on in mask.values())
    with tempfile.TemporaryDirectory() as folder:
        spent = 8 * save_mask(mask, Path(folder) / "mask.safetensors").stat().st_size
    row = {"ours": round(spent / mask.size, 4), "reference": round(bound / mask.size, 4)}
    return row | {"ratio": round(spent / bound, 3), "unit": "bits per weight", "threads": 1, "rounds": 1}


def large_scores() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {f"layer {i}": torch.rand(ENTRIES // LAYERS, generator=generator) for i in range(LAYERS)}


def sorted_masks(scores: dict[str, torch.Tensor], keep: float, scope: str) -> Callable[[], object]:
    """Masks by torch's sort of all scores, without lots for ties."""

    def cut(flat: torch.Tensor) -> torch.Tensor:
        return flat.sort(descending=True).values[round(keep * len(flat)) - 1]

    def whole() -> dict[str, torch.Tensor]:
        cutoff = cut(torch.cat([*scores.values()]))
        return {name: score >= cutoff for name, score in scores.items()}

    def per_layer() -> dict[str, torch.Tensor]:
        return {name: score >= cut(score) for name, score in scores.items()}

    return whole if scope == "global" else per_layer


def selection(scope: str) -> dict[str, Any]:
    """Selecting 20 % of 25 M scores against sorting them."""
    scores = large_scores()
    return interleave(lambda: select(scores, 0.2, scope), sorted_masks(scores, 0.2, scope), rounds=5, repeats=1)


def coding() -> dict[str, Any]:
    """Encoding and decoding a mask of 25 M entries at density 0.05, against zlib on its packed bits."""
    mask = torch.rand(ENTRIES, generator=torch.Generator().manual_seed(0)) < 0.05
    kept = int(mask.count_nonzero())

    def compressed() -> torch.Tensor:
        packed = zlib.decompress(zlib.compress(pack(mask).numpy().tobytes()))
        return unpack(torch.frombuffer(bytearray(packed), dtype=torch.uint8), mask.shape)

    return interleave(lambda: decode(encode(mask), mask.shape, kept), compressed, rounds=5, repeats=1)


BENCHMARKS = {
    "masks/file-0.5": lambda: mask_file(0.5),
    "masks/file-0.05": lambda: mask_file(0.05) | {"target": 1.1},
    "masks/file-0.01": lambda: mask_file(0.01) | {"target": 1.1},
    "masks/large-file-0.5": lambda: large_file(0.5),
    "masks/large-file-0.05": lambda: large_file(0.05) | {"target": 1.1},
    "masks/large-file-0.01": lambda: large_file(0.01) | {"target": 1.1},
    "masks/coding": coding,
    "masks/select-global": lambda: selection("global"),
    "masks/select-layer": lambda: selection("layer"),
}
