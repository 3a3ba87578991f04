"""What a run of permute/partition does: draw a weight vector, cut it, measure the gaps."""

import math

import torch
from torch import Tensor

from rewire.experiments.permute.partition.gaps import gap_inside, mean_gap
from rewire.experiments.permute.partition.stages import PartitionConfig
from rewire.experiments.recipe import Context
from rewire.permutations.partition import partition
from rewire.training import derive


def run(config: PartitionConfig, context: Context) -> None:
    """A record per λ, then the slots of the vector with their values and the parts of the first λ."""
    values = vector(config.length, context.seed)
    for lam in config.partitions:
        parts = cut(values, lam, context.seed)
        sizes = sorted(map(len, parts))
        inside, whole = gap_inside(values, parts), mean_gap(values)
        row = {"partition": lam, "parts": len(parts), "smallest": sizes[0], "largest": sizes[-1]}
        context.sink.write(row | {"inside": inside, "whole": whole, "ratio": inside / whole})
    parts = cut(values, config.partitions[0], context.seed)
    part_of = {slot: number for number, part in enumerate(parts) for slot in part.tolist()}
    for slot, value in enumerate(values.tolist()):
        context.sink.write({"slot": slot, "value": value, "part": part_of[slot]})


def vector(length: int, seed: int) -> Tensor:
    """Values of one output unit, uniform within He's bound √(6 / fan_in)."""
    generator = torch.Generator().manual_seed(derive(seed, "vector"))
    return (2 * torch.rand(length, generator=generator) - 1) * math.sqrt(6 / length)


def cut(values: Tensor, lam: float, seed: int) -> list[Tensor]:
    """The parts of a vector by one draw of SGPerm's, each as the slots of its values."""
    order = values.argsort(stable=True)
    return [order[ranks] for ranks in partition(len(values), lam, seed)]
