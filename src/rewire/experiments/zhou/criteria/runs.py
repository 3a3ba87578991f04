"""What a run of zhou/criteria does: a search, or the plane of initial and final values with every criterion's mask."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from rewire.experiments.recipe import Context
from rewire.experiments.tickets.shared.data import load
from rewire.experiments.tickets.shared.networks import build
from rewire.experiments.tickets.shared.trained import dense
from rewire.experiments.zhou.criteria.regions import misplaced
from rewire.experiments.zhou.criteria.stages import CRITERIA, PlaneConfig
from rewire.experiments.zhou.shared import runs
from rewire.experiments.zhou.shared.config import ZhouConfig
from rewire.masks import Mask, score, select
from rewire.tickets import prunable
from rewire.training import Streams
from rewire.training.streams import derive

Values = dict[str, Tensor]


def run(config: ZhouConfig, context: Context) -> None:
    """A search, or the plane."""
    if isinstance(config, PlaneConfig):
        for row in plane(config, context):
            context.sink.write(row)
    else:
        runs.run(config, context)


def plane(config: PlaneConfig, context: Context) -> Iterator[dict[str, Any]]:
    """Train once, and mask in one shot: per criterion and layer the numbers, then some weights with all their masks."""
    data = load(config, context.seed, context.data, context.device)
    before = build(config, data.task.test[:1][0], Streams(context.seed))
    init = {name: weight.detach() for name, weight in prunable(before).items()}
    final = {name: weight.detach().cpu() for name, weight in prunable(dense(config, context, data)).items()}
    masks = {name: _mask(name, init, final, config.left, context.seed) for name in CRITERIA}
    for criterion, mask in masks.items():
        for layer, on in mask.items():
            wrong = misplaced(criterion, init[layer], final[layer], on)
            numbers = {"kept": int(on.count_nonzero()), "size": on.numel(), "misplaced": wrong}
            yield {"criterion": criterion, "layer": layer, "left": config.left, **numbers}
    generator = torch.Generator().manual_seed(derive(context.seed, "points"))
    for layer in init:
        size = init[layer].numel()
        for place in torch.randperm(size, generator=generator)[: config.points].tolist():
            each = {name: int(mask[layer].flatten()[place]) for name, mask in masks.items()}
            here = (values[layer].flatten()[place].item() for values in (init, final))
            yield {"point": place, "layer": layer, **dict(zip(("init", "final"), here)), **each}


def _mask(criterion: str, init: Values, final: Values, left: float, seed: int) -> Mask:
    generator = torch.Generator().manual_seed(derive(seed, "plane", criterion))
    return select(score(criterion, {"init": init, "final": final}, generator), left, generator=generator)
