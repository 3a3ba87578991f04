"""What a run of permute/logistic does: train, measure the first changes, compare weights with mean images."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from rewire.experiments.permute.logistic.stages import WEIGHTS, LogisticConfig
from rewire.experiments.permute.shared.data import class_means
from rewire.experiments.permute.shared.training import Trained, train
from rewire.experiments.permute.shared.values import compared, correlations, snapshot
from rewire.experiments.recipe import Context
from rewire.files import write_tensors
from rewire.permutations.rows import rows, weight_slots


def run(config: LogisticConfig, context: Context) -> None:
    """Records: the looks; the first steps' changes; what became of the values; correlations with the mean images."""
    trained = train(config, context, watch_changes, range(1, config.changes + 1))
    before, after = trained.before, trained.after
    context.sink.write(compared(before, after))
    for row in strokes(trained):
        context.sink.write(row)
    (weight,) = before
    images = {"before": before[weight], "after": after[weight], "means": class_means(trained.task.train).cpu()}
    write_tensors(context.directory / WEIGHTS, images)


def watch_changes(model: nn.Module, optimizer: Optimizer) -> Callable[[int], Iterator[dict[str, Any]]]:
    """Measure what a step does to the weights: how many change, and how far on average, counted among those.

    Within one step, so that a resumed run needs no memory of the step before.
    """
    weights = weight_slots(model)
    before, latest = {}, {}

    def remember(*_: Any) -> None:
        before.update(snapshot(weights))

    def compare(*_: Any) -> None:
        moved = torch.cat([(p.detach().cpu() - before[name]).flatten() for name, p in weights.items()]).double()
        changed = int(moved.count_nonzero())
        latest.update(changed=changed, change=moved.abs().sum().item() / max(changed, 1), length=moved.norm().item())

    optimizer.register_step_pre_hook(remember)
    optimizer.register_step_post_hook(compare)
    return lambda step: iter([{"split": "train", **latest}])


def strokes(trained: Trained) -> Iterator[dict[str, Any]]:
    """Per digit: how a weight vector correlates with the mean image of its digit, and with what sets that apart.

    The second is the mean image minus the mean of all ten: strokes of this digit and of no other.
    """
    (weight,) = trained.before
    means = class_means(trained.task.train).cpu()
    for what, target in (("mean", means), ("contrast", means - means.mean(0))):
        each = (correlations(rows(values[weight]), target) for values in (trained.before, trained.after))
        for digit, (first, last) in enumerate(zip(*each)):
            yield {"digit": digit, "with": what, "correlation_before": first, "correlation_after": last}
