"""Weight profiles: what is left of a weight vector once its values are sorted, which is all that permuting keeps.

A permutation can turn one vector into another only where their profiles are equal; Qiu & Suda 2022 start from the
observation that the vectors of a trained layer nearly have one profile in common (Figs 1–2).
"""

import torch
from torch import Tensor

QUANTILES = 41


def profile_distance(rows: Tensor) -> float:
    """How far apart the profiles of a layer's weight vectors are: mean pairwise W1 distance ÷ mean range, from 0.

    The first Wasserstein distance of two vectors of n values is the mean difference of their sorted values. All
    R (R − 1) / 2 pairs count, at the price of sorting. 0 for a single vector, and where every value is the same.

    rows: [R, n], any floating dtype, as `rows(parameter)` gives them. Raises ValueError for other shapes, for
    integers, and for values that are not finite.

    >>> profile_distance(torch.tensor([[0.0, 1.0, 2.0], [2.0, 0.0, 1.0]]))     # the same values elsewhere
    0.0
    >>> profile_distance(torch.tensor([[0.0, 1.0, 2.0], [1.0, 2.0, 3.0]]))     # one off by 1, ranges of 2
    0.5
    """
    ranked = _sorted(rows).sort(0).values  # within a rank, |a − b| over all pairs is a weighted sum of sorted values
    count = len(ranked)
    if count < 2 or not (span := _ranges(rows).mean()):
        return 0.0
    weights = torch.arange(count, dtype=ranked.dtype, device=ranked.device).mul_(2).sub_(count - 1)
    pairs = count * (count - 1) / 2
    return ((weights @ ranked).mean() / pairs / span).item()


def stretched(rows: Tensor, generator: torch.Generator | None = None, factor: float = 2.0) -> Tensor:
    """A control of the same size: the same vectors with shuffled scales, each times its own number.

    The numbers are log-uniform in [1/factor, factor]: shapes stay what they were, ranges do not. generator: on the
    CPU; None is torch's own.

    >>> layer = torch.randn(100, 500)
    >>> profile_distance(stretched(layer)) > 3 * profile_distance(layer)
    True
    """
    exponents = 2 * torch.rand(len(rows), 1, generator=generator, dtype=torch.float64) - 1
    return rows * (factor**exponents).to(rows)


def quantiles(rows: Tensor, points: int = QUANTILES) -> Tensor:
    """The profiles at `points` evenly spaced ranks from the least value to the largest: [R, points], for drawing.

    >>> quantiles(torch.tensor([[3.0, 1.0, 2.0, 5.0, 4.0]]), 3)
    tensor([[1., 3., 5.]])
    """
    sorted_rows = _sorted(rows)
    at = torch.linspace(0, sorted_rows.shape[1] - 1, points, dtype=torch.float64).round().long()
    return sorted_rows[:, at.to(rows.device)].to(rows.dtype)


def _sorted(rows: Tensor) -> Tensor:
    if rows.ndim != 2 or not rows.numel() or not rows.is_floating_point():
        raise ValueError(
            f"rows must be a floating tensor [vectors, values] with at least one value; got {list(rows.shape)}, "
            f"{rows.dtype}: pass rows(parameter)"
        )
    if not rows.isfinite().all():
        raise ValueError("rows must be finite; got NaN or infinity: leave those vectors out")
    return rows.detach().double().sort(1).values


def _ranges(rows: Tensor) -> Tensor:
    low, high = rows.detach().double().aminmax(dim=1)
    return high - low
