"""The graphs that SGPerm searches, one per subset of a weight vector, and the cycles it finds; all are checked."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import torch
from torch import Tensor

from rewire.experiments.permute.cycles.stages import SubgraphConfig
from rewire.experiments.permute.shared.training import Trained, prepare, steps
from rewire.experiments.recipe import Context
from rewire.permutations.matching import bound, cycles_of, permissible, recommend
from rewire.permutations.partition import partition
from rewire.permutations.rows import rows
from rewire.permutations.schedule import aggressiveness, fraction
from rewire.training import derive

Row = dict[str, Any]
SHOWN = 0  # the subset, of the first vector, that the figure draws


def run(config: SubgraphConfig, context: Context) -> None:
    """Train, then check every subset of every vector; also the slots, edges and cycles of one."""
    trained = prepare(config, context)
    steps(trained, config, context, 0, config.steps)
    w, r = recommended(trained, config)
    t = config.steps + 1
    alpha = aggressiveness(t, config.aggressiveness, config.aggressiveness_min, config.aggressiveness_decay)
    part = fraction(t, config.partition, config.partition_max, config.partition_growth)
    ranks = partition(w.shape[1], part, derive(context.seed, "sgperm"), 0, t)
    for vector, number in product(range(len(w)), range(len(ranks))):
        slots = w[vector].argsort(stable=True)[ranks[number]]
        slots = slots[r[vector, slots] != 0].sort().values
        if len(slots) < 2:
            continue
        values, wanted = w[vector, slots], r[vector, slots]
        u = bound((w[vector].max() - w[vector].min()).item(), alpha, len(slots))
        graph, found = permissible(values, wanted, u), cycles_of(values, wanted, u)
        context.sink.write({"vector": vector, "subset": number} | checked(values, wanted, u, graph, found))
        if vector == 0 and number == SHOWN:
            for row in drawn(slots, values, graph, found):
                context.sink.write(row)


def recommended(trained: Trained, config: SubgraphConfig) -> tuple[Tensor, Tensor]:
    """The weights [R, n], and what the next update recommends: momentum, and the gradient of one more batch."""
    (weight,) = (p for p in trained.model.parameters() if p.ndim == 2)
    x, y = trained.task.train[: config.batch_size]
    (gradient,) = torch.autograd.grad(trained.task.loss(trained.model(x), y), [weight])
    r = recommend(trained.optimizer.state[weight]["momentum_buffer"], gradient, config.momentum)
    return rows(weight).cpu(), rows(r).cpu()


def checked(values: Tensor, r: Tensor, u: float, graph: Tensor, cycles: Sequence[Sequence[int]]) -> Row:
    """Counts, and how much is "wrong": edges that break the rule, moves that are no edges, slots in two cycles.

    The rule is spelled out slot by slot, for the graph and the cycles are made by code that knows it.
    """
    w, wish = values.double().tolist(), r.tolist()
    rule = [[wish[x] * (w[x] - w[y]) > 0 and abs(w[x] - w[y]) < u for y in range(len(w))] for x in range(len(w))]
    moves = [(x, y) for cycle in cycles for x, y in zip(cycle, [*cycle[1:], cycle[0]])]
    takers = [x for x, _ in moves]
    wrong = int((graph != torch.tensor(rule)).sum()) + sum(not rule[x][y] for x, y in moves)
    return {
        "slots": len(w),
        "edges": int(graph.sum()),
        "cycles": len(cycles),
        "moved": len(moves),
        "wrong": wrong + len(takers) - len(set(takers)),
    }


def drawn(slots: Tensor, values: Tensor, graph: Tensor, cycles: Sequence[Sequence[int]]) -> Iterator[Row]:
    """Slots with their values, edges from a value's slot to one that may take it, and cycles, by number of the slot."""
    name = slots.tolist()
    for slot, value in zip(name, values.tolist()):
        yield {"slot": slot, "value": value}
    for taker, giver in graph.nonzero().tolist():
        yield {"source": name[giver], "target": name[taker]}
    for number, cycle in enumerate(cycles):
        for place, x in enumerate(cycle):
            yield {"cycle": number, "place": place, "at": name[x]}
