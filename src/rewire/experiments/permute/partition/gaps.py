"""Gaps between neighbouring values: what a partition widens, and with them the reach of the least of moves."""

from collections.abc import Sequence

from torch import Tensor


def mean_gap(values: Tensor) -> float:
    """The mean difference of neighbours once the values are sorted: range ÷ (n − 1).

    >>> import torch
    >>> mean_gap(torch.tensor([4.0, 1.0, 2.0]))
    1.5
    """
    return _range(values) / (len(values) - 1)


def gap_inside(values: Tensor, parts: Sequence[Tensor]) -> float:
    """The mean of all gaps inside parts, each given as the slots of its values."""
    return sum(_range(values[part]) for part in parts) / sum(len(part) - 1 for part in parts)


def _range(values: Tensor) -> float:
    low, high = values.double().aminmax()
    return (high - low).item()
