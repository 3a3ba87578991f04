"""What a run of permute/rewire does: random zeros, moved by LAPerm for a while, then frozen while Adam goes on."""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from rewire.experiments.permute.rewiring.stages import END, PERMUTED, START, WEIGHTS, RewireConfig
from rewire.experiments.permute.shared.training import Trained, prepare, steps
from rewire.experiments.permute.shared.values import compared, snapshot
from rewire.experiments.recipe import Context
from rewire.files import write_tensors
from rewire.masks import Mask, hamming
from rewire.permutations.rewiring import sparsify, wiring
from rewire.permutations.rows import rows, weight_slots
from rewire.tickets import masked
from rewire.training import derive

PHASE = "permuting"  # the folder, in the run's own, of the first phase's checkpoint


def run(config: RewireConfig, context: Context) -> None:
    """Both phases; then what became of the zeros, and how many configurations they stand for."""
    generator = torch.Generator().manual_seed(derive(context.seed, "zeros"))
    trained = prepare(config, context, lambda model: sparsify(model, config.density, generator))
    seen = {START: trained.before}
    if config.permuted:
        permute(trained, config, context)
        seen[PERMUTED] = snapshot(weight_slots(trained.model))
        context.sink.write({"when": PERMUTED, **compared(seen[START], seen[PERMUTED])})
    frozen = wiring(trained.model)
    with masked(trained.model, frozen):
        steps(replace(trained, laperm=None), config, context, config.permuted, config.steps)
    seen[END] = snapshot(weight_slots(trained.model))
    for row in (*zeros(seen), configurations(seen[START])):
        context.sink.write(row)
    write_tensors(context.directory / WEIGHTS, {when: next(iter(values.values())) for when, values in seen.items()})


def permute(trained: Trained, config: RewireConfig, context: Context) -> None:
    """The first phase: Adam with LAPerm, which afterwards lets go of it; Adam keeps its state."""
    laperm = trained.laperm
    assert laperm is not None, config.method
    steps(trained, config, context, 0, config.permuted, directory=context.directory / PHASE)
    laperm.sync()
    laperm.remove()


def zeros(seen: dict[str, dict[str, Tensor]]) -> Iterator[dict[str, Any]]:
    """Per stretch of training and layer: the part of the slots that went from zero to not or back, as a distance.

    "vectors" says whether each weight vector has as many zeros after it as before.
    """
    for (first, before), (last, after) in zip(list(seen.items())[:-1], list(seen.items())[1:]):
        for name in before:
            a, b = before[name] != 0, after[name] != 0
            yield {
                "from": first,
                "to": last,
                "layer": name,
                "hamming": hamming(Mask({name: a}), Mask({name: b})),
                "vectors": torch.equal(rows(a).sum(1), rows(b).sum(1)),
                "density": b.float().mean().item(),
            }


def configurations(weights: dict[str, Tensor]) -> dict[str, Any]:
    """log10 of the product of z! over the weight vectors, z being its zeros: orders that make no difference.

    Once with .9 of each fan-in, rounded, as the paper counts, and once with the zeros that are there.
    """
    vectors = [row for weight in weights.values() for row in rows(weight)]
    return {
        "log10_printed": sum(log10_factorial(round(0.9 * len(row))) for row in vectors),
        "log10_counted": sum(log10_factorial(int((row == 0).sum())) for row in vectors),
        "left": sum(int(weight.count_nonzero()) for weight in weights.values()),
    }


def log10_factorial(n: int) -> float:
    return math.lgamma(n + 1) / math.log(10)
