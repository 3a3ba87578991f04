"""What training did to the values: whether they are the same ones, and which of them stand elsewhere."""

import hashlib
import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from rewire.permutations.rows import bits, rows, same_multiset

Weights = Mapping[str, Tensor]


def snapshot(weights: Weights) -> dict[str, Tensor]:
    """Copies, by name, that training does not change."""
    return {name: weight.detach().cpu().clone() for name, weight in weights.items()}


def digest(weights: Weights) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of all values, bit for bit and place by place."""
    content = hashlib.sha256()
    for name, weight in weights.items():
        content.update(f"{name}{list(weight.shape)}".encode())
        content.update(bits(rows(weight).contiguous().cpu()).numpy().tobytes())
    return content.hexdigest()[:16]


def multisets(weights: Weights) -> str:
    """As `digest`, of each weight vector sorted: alike for all permutations of one network."""
    ordered = {name: rows(weight).cpu().sort(dim=1).values for name, weight in weights.items()}
    return digest(ordered)


def compared(before: Weights, after: Weights) -> dict[str, Any]:
    """θ0 and the trained values as a record: their digests, whether they are permutations, the part that differs.

    "log2_permutations" is Σ log2(n!) over the weight vectors, the bits that tell which permutation it is.
    """
    changed = sum(int((bits(before[name]) != bits(after[name])).sum()) for name in before)
    return {
        "theta0": digest(before),
        "values0": multisets(before),
        "values": multisets(after),
        "permuted": all(same_multiset(before[name], after[name]) for name in before),
        "elsewhere": changed / sum(weight.numel() for weight in before.values()),
        "weights": sum(weight.numel() for weight in before.values()),
        "log2_permutations": sum(log2_factorial(rows(w).shape[1]) * len(rows(w)) for w in before.values()),
    }


def log2_factorial(n: int) -> float:
    """log2(n!).

    >>> round(log2_factorial(784) / 784, 3)
    8.18
    """
    return math.lgamma(n + 1) / math.log(2)


def correlations(a: Tensor, b: Tensor) -> list[float]:
    """Pearson's correlation of each row of a with that row of b.

    >>> correlations(torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([[2.0, 4.0, 6.0]]))
    [1.0]
    """
    x, y = (each.double() - each.double().mean(1, keepdim=True) for each in (a, b))
    scale = (x.square().sum(1) * y.square().sum(1)).sqrt()
    return torch.where(scale > 0, (x * y).sum(1) / scale, 0.0).tolist()
