"""The records of a network's profiles: per weight tensor its distances, and the band its sorted vectors lie in."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from rewire.permutations.profile import profile_distance, quantiles, stretched
from rewire.permutations.rows import rows

BANDS = {"low": 0.05, "middle": 0.5, "high": 0.95}


def distance_records(weights: Mapping[str, Tensor], generator: torch.Generator) -> Iterator[dict[str, Any]]:
    """One record per weight tensor that has vectors to compare: sizes, "distance" and the control's."""
    for name, vectors in _vectors(weights):
        control = profile_distance(stretched(vectors, generator))
        sizes = {"layer": name, "vectors": len(vectors), "values": vectors.shape[1]}
        yield sizes | {"distance": profile_distance(vectors), "control": control}


def band_records(weights: Mapping[str, Tensor], generator: torch.Generator) -> Iterator[dict[str, Any]]:
    """What Figs 1 and 2 show: at each rank (0 to 1), the values that 5, 50 and 95 % of a layer's vectors lie below."""
    for name, vectors in _vectors(weights):
        for of, mine in {"weights": vectors, "control": stretched(vectors, generator)}.items():
            found = quantiles(mine).double().quantile(torch.tensor([*BANDS.values()], dtype=torch.float64), dim=0)
            for place, values in enumerate(found.T.tolist()):
                yield {"layer": name, "of": of, "rank": place / (found.shape[1] - 1)} | dict(zip(BANDS, values))


def _vectors(weights: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    for name, weight in weights.items():
        if weight.ndim > 1 and weight.is_floating_point():
            vectors = rows(weight).float()
            if min(vectors.shape) > 1:
                yield name, vectors
