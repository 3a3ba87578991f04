"""What SGPerm's groups of parameters may be set to, and which parameters can be permuted."""

from collections.abc import Mapping
from numbers import Real
from typing import Any

import torch
from torch import Tensor

from rewire.errors import choice
from rewire.permutations.matching import MATCHES
from rewire.permutations.rows import rows

FRACTIONS = ("aggressiveness", "aggressiveness_min", "aggressiveness_decay", "partition", "partition_max")


def check_options(group: Mapping[str, Any]) -> None:
    """Raise ValueError for the first option of a group that is out of its range, or at odds with another."""
    for name in FRACTIONS:
        if not (_is_number(group[name]) and 0 < group[name] <= 1):
            raise ValueError(f"{name} must be in (0, 1]; got {group[name]!r}")
    if not (_is_number(group["partition_growth"]) and group["partition_growth"] >= 1):
        raise ValueError(f"partition_growth must be at least 1; got {group['partition_growth']!r}")
    if not (_is_number(group["momentum"]) and 0 <= group["momentum"] < 1):
        raise ValueError(f"momentum must be in [0, 1); got {group['momentum']!r}")
    for low, high in (("aggressiveness_min", "aggressiveness"), ("partition", "partition_max")):
        if group[low] > group[high]:
            raise ValueError(f"{low} must be at most {high}, {group[high]!r}; got {group[low]!r}: set both")
    if group["match"] not in MATCHES:
        raise choice("match", MATCHES, group["match"])
    if isinstance(group["seed"], bool) or not isinstance(group["seed"], int):
        raise TypeError(f"seed must be a whole number, or None for one of torch's generator; got {group['seed']!r}")


def check_parameter(parameter: Tensor, name: str, embeddings: bool) -> None:
    """Raise ValueError for a parameter that has no rows whose values could change places."""
    if not parameter.is_floating_point():
        raise ValueError(f"{name} must hold real numbers; got {parameter.dtype}: leave it to another optimizer")
    if parameter.layout != torch.strided:
        raise ValueError(f"{name} must be dense; got {parameter.layout}: leave it to another optimizer")
    shape = list(parameter.shape)
    if parameter.numel() == 0:
        raise ValueError(f"{name} must not be empty; got shape {shape}: leave it out")
    if rows(parameter, embeddings).shape[1] < 2:
        raise ValueError(
            f"{name} must have rows of at least two values, to change places; got shape {shape}: "
            "leave it to another optimizer"
        )


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
