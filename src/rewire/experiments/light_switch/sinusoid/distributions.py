"""What a distribution of weights or masks looks like: how concentrated it is, and how far from another."""

import torch
from torch import Tensor

NEAR = 0.01  # a weight this close to 0 counts as at 0; also the width of the bins that find modes
MODES = 10


def concentration(weights: Tensor) -> dict[str, float]:
    """How spiky a sample of any shape is: {"kurtosis", "near_zero", "modes"}.

    kurtosis: fourth central moment over squared variance (uniform 1.8, normal 3, NaN for a constant); near_zero: the
    fraction within ±0.01; modes: the fraction in the ten fullest of all bins of width 0.01.

    >>> concentration(torch.tensor([0.0, 0.0, 0.0, 0.0, 2.0, -2.0]))
    {'kurtosis': 3.0, 'near_zero': 0.666..., 'modes': 1.0}
    """
    x = weights.flatten().double()
    centred = x - x.mean()
    _, sizes = (x / NEAR).round().unique(return_counts=True)
    return {
        "kurtosis": (centred.pow(4).mean() / centred.square().mean().square()).item(),
        "near_zero": (x.abs() <= NEAR).double().mean().item(),
        "modes": (sizes.topk(min(MODES, len(sizes))).values.sum() / len(x)).item(),
    }


def distances(samples: Tensor) -> Tensor:
    """Wasserstein-1 distances between the rows of `samples` [T, n], each a sample of one distribution: [T, T], float64.

    With equally many points, the optimal transport in one dimension joins them in order: mean |a₍ᵢ₎ − b₍ᵢ₎|.

    >>> distances(torch.tensor([[0.0, 1.0], [1.0, 0.0], [0.5, 0.5]]))[0].tolist()
    [0.0, 0.0, 0.5]
    """
    ordered = samples.double().sort(dim=1).values
    return torch.stack([(ordered - row).abs().mean(1) for row in ordered])


def matched(samples: Tensor, size: int, draws: int = 20) -> float:
    """Mean distance between different rows when only `size` of their points are known, over random choices of these.

    Two samples of one distribution lie further apart the smaller they are, so that layers of different sizes only
    compare at equal size. samples: [T, n] with T ≥ 2 and n ≥ size; the choices are fixed by a seed of their own.
    """
    generator = torch.Generator().manual_seed(0)
    total = 0.0
    for _ in range(draws):
        rows = [row[torch.randperm(len(row), generator=generator)[:size]] for row in samples]
        total += mean_distance(distances(torch.stack(rows)).tolist())
    return total / draws


def mean_distance(matrix: list[list[float]]) -> float:
    """Mean over the pairs of different rows of a distance matrix [T, T], T ≥ 2."""
    pairs = [value for i, row in enumerate(matrix) for value in row[:i]]
    return sum(pairs) / len(pairs)


def counts(sample: Tensor, limits: tuple[float, float], bins: int) -> list[int]:
    """How many of `sample` [n] fall into each of `bins` equal bins between the limits; others are left out."""
    return torch.histc(sample.float(), bins, *limits).long().tolist()
