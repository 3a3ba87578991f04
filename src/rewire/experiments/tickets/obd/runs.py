"""What a run of tickets/obd does: train, measure the curvature, then cut, retrain, and cut again.

Optimal brain damage's steps (LeCun, Denker & Solla 1990, §2.3): 1 choose a network, 2 train it, 3 compute h_kk, 4 the
saliencies h_kk u_k²/2, 5 sort all weights by them and delete the lowest, 6 go to 2, with the values that are there.
"""

import copy
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from rewire.experiments.recipe import Context
from rewire.experiments.tickets.obd.stages import (
    CUT,
    HUTCHINSON,
    ITERATED,
    MAGNITUDE,
    OBD,
    ONE_SHOT,
    PRINTED,
    RANDOM,
    RIVALS,
    SCOPES,
    ObdConfig,
)
from rewire.experiments.tickets.shared.data import Data, load
from rewire.experiments.tickets.shared.runs import level_record
from rewire.experiments.tickets.shared.trained import dense, pruned
from rewire.masks import EmptyLayer, Mask, score, select
from rewire.tickets import curvature, prunable
from rewire.training import evaluate
from rewire.training.streams import derive

Evidence = Mapping[str, Mapping[str, Tensor]]
Row = dict[str, Any]


def as_printed(final: Tensor, curvature: Tensor) -> Tensor:
    """h u / 2, the report's step 4: without the square every negative weight ranks below every positive one."""
    return curvature * final / 2


# Each criterion, and how its curvature is estimated.
CRITERIA: dict[str, tuple[str | Callable[..., Tensor], str]] = {
    OBD: ("obd", "gauss-newton"),
    HUTCHINSON: ("obd", "hutchinson"),
    PRINTED: (as_printed, "gauss-newton"),
    MAGNITUDE: ("magnitude", ""),
    RANDOM: ("random", ""),
}


def run(config: ObdConfig, context: Context) -> None:
    """Train, cut, and write everything down."""
    data = load(config, context.seed, context.data, context.device)
    model = dense(config, context, data)
    context.sink.write({"part": "dense", **evaluate(model, data.task)})
    known = {name: measured(name, model, config, data, context.seed) for name in CRITERIA}
    for row in cuts(model, config, data, known, context.seed):
        context.sink.write(row)
    for name in RIVALS:
        once = one_shot(name, model, config, context, data, known[name])
        for row in (*once, *iterated(name, model, config, context, data)):
            context.sink.write({"criterion": name} | row)


def measured(name: str, model: nn.Module, config: ObdConfig, data: Data, seed: int) -> Evidence:
    """What a criterion needs besides the values, on the first training images, which are a random choice."""
    method = CRITERIA[name][1]
    if not method:
        return {}
    size, train = config.batch_size, data.task.train
    count = min(config.curvature_batches, len(train) // size)
    batches = (train[slice(index * size, (index + 1) * size)] for index in range(count))
    generator = torch.Generator().manual_seed(derive(seed, "curvature", method))
    loss = lambda model, batch: data.task.loss(model(batch[0]), batch[1])  # noqa: E731
    return {"curvature": curvature(model, loss, batches, method=method, samples=1, generator=generator)}


def cuts(model: nn.Module, config: ObdConfig, data: Data, known: Mapping[str, Evidence], seed: int) -> Iterator[Row]:
    """The trained network after one cut and no training, by every criterion, scope and fraction left."""
    final = {name: weight.detach() for name, weight in prunable(model).items()}
    for name, (criterion, _) in CRITERIA.items():
        generator = torch.Generator().manual_seed(derive(seed, "cut", name))
        scores = score(criterion, {"final": final, **known[name]}, generator)
        for scope in SCOPES:
            for left in config.lefts:
                row = {"part": CUT, "criterion": name, "scope": scope, "left": left}
                try:
                    mask = select(scores, left, scope, generator=generator)
                except EmptyLayer as empty:
                    yield row | {"stopped": empty.layer}
                    continue
                yield row | evaluate(_cut(model, mask), data.task) | {"predicted": _lost(scores, mask)}


def one_shot(
    name: str, model: nn.Module, config: ObdConfig, context: Context, data: Data, known: Evidence
) -> Iterator[Row]:
    """Steps 3–5 once, down to each fraction, and step 2 again."""
    for scope, left in itertools.product(SCOPES, config.retrained):
        found = pruned(
            model, _retraining(config), context, data, f"one-shot-{name}-{scope}-{left}",
            levels=1, keep=left, criterion=CRITERIA[name][0], evidence=lambda model, kinds: known, scope=scope,
        )  # fmt: skip
        yield from ({"part": ONE_SHOT, "scope": scope, "left": left} | level_record(each) for each in found.levels[1:])


def iterated(name: str, model: nn.Module, config: ObdConfig, context: Context, data: Data) -> Iterator[Row]:
    """Steps 2–6 over and over, the curvature measured anew each time."""
    found = pruned(
        model, _retraining(config), context, data, f"iterated-{name}",
        levels=config.levels, keep=config.keep, criterion=CRITERIA[name][0],
        evidence=lambda model, kinds: measured(name, model, config, data, context.seed),
    )  # fmt: skip
    yield from ({"part": ITERATED, "scope": "global"} | level_record(level) for level in found.levels[1:])


def _retraining(config: ObdConfig) -> ObdConfig:
    return replace(config, epochs=config.retrain_epochs)


def _cut(model: nn.Module, mask: Mask) -> nn.Module:
    cut = copy.deepcopy(model)
    weights = prunable(cut)
    with torch.no_grad():
        for name, values in mask.apply(weights).items():
            weights[name].copy_(values)
    return cut


def _lost(scores: Mapping[str, Tensor], mask: Mask) -> float:
    """The sum of the scores of what is cut: for a saliency, the loss it predicts to gain."""
    return sum(scores[name][~mask[name]].double().sum().item() for name in mask)
