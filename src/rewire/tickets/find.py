"""`find`: iterative pruning, as the paper's algorithm box has it, on any model and any training function."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from rewire.masks import EmptyLayer, Mask, score, select
from rewire.masks.acting import Action
from rewire.tickets.arguments import Evidence, check_functions
from rewire.tickets.levels import Found, Level
from rewire.tickets.search import Search, Train
from rewire.tickets.store import one_at_a_time


@one_at_a_time
def find(
    model: nn.Module,
    train: Train,
    *,
    levels: int,
    keep: float | Mapping[str, float] = 0.8,
    criterion: str | Callable[..., Tensor] = "magnitude",
    scope: str = "layer",
    rewind: int = 0,
    ignore: str | Iterable[str] = (),
    evidence: Evidence | None = None,
    restart: str = "rewind",
    generator: torch.Generator | None = None,
    directory: str | Path | None = None,
    sparse_below: float | None = None,
    mask_one: str | Action = "rewind",
    mask_zero: str | Action = "zero",
    each: Callable[[Level, nn.Module], object] | None = None,
) -> Found:
    """Find lottery tickets: train, prune, reset what is left to its start, and again (Frankle & Carbin 2019, §1).

    Args:
        model: any module; `prunable` says which weights take part. It ends as the last level left it.
        train: your training function, called as train(model, phase): train from step `phase.start` to `phase.stop`
            (None: to the end) with a fresh optimizer. What it returns is the level's report.
        levels: the number of prunings; level 0 is the dense network, levels=1 is one-shot pruning.
        keep: the fraction of a level's weights that the next keeps, or glob patterns of names to fractions.
        criterion: a name from `masks.CRITERIA` or a function of evidence; "init" is the start point.
        scope: "layer" or "global".
        rewind: every level starts from the values of this step (late resetting); 0: from the model as it is given.
            All parameters and buffers go back, and torch's random streams with them: naive data orders repeat.
        ignore: glob patterns of weights that are never pruned.
        evidence: evidence(model, names) returns what the criterion asks for besides "init" and "final", by kind and
            then by weight, as `tickets.evidence` computes it.
        restart: "rewind"; "rewind-rate" keeps the trained values and rewinds only the schedule and the data (Renda et
            al. 2020); "fine-tune" likewise, with `phase.fine_tune` set: the learning rate is to stay at its last value.
        generator: for ties and random scores. One number is drawn from it.
        directory: where the start point and finished levels are stored. The same call goes on after the last of them,
            and from your own checkpoint in `phase.directory` within one; reports must be what JSON can hold. The
            stored start counts, not the model's values; a higher `levels` goes on from a finished search.
            While another thread or process searches there, this call waits.
        sparse_below: linear layers of a lower density train as in `tickets.sparse`, which on the CPU costs what their
            weights cost (0.25 is a good choice; numbers differ by rounding). None: all layers train dense.
        mask_one: what kept weights start from instead of their initial values: a name from `masks.MASK_ONE`, or a
            function whose parameters are among init, final, mask and generator (Zhou et al. 2019, §4).
        mask_zero: what pruned weights are frozen at instead of zero, likewise from `masks.MASK_ZERO` (their §3); see
            `beginning`. It takes `sparse_below=None`.
        each: each(level, model) after a level's training, to measure, save or plot; not again for levels that an
            earlier call has finished.

    Returns the levels; if a layer would be left empty, those before, and `stopped` names it. Raises ValueError for bad
    arguments before any training, for NaN after it, and for a folder of another search.

    >>> def train(model, phase):
    ...     optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    ...     for step in range(phase.start, 10 if phase.stop is None else phase.stop):
    ...         x = torch.randn(8, 4, generator=torch.Generator().manual_seed(step))
    ...         optimizer.zero_grad()
    ...         (model(x) - x.sum(1, keepdim=True)).square().mean().backward()
    ...         optimizer.step()
    >>> found = find(nn.Linear(4, 1), train, levels=2, keep=0.5)
    >>> [level.density for level in found.levels], found.ticket().mask.kept
    ([1.0, 0.5, 0.25], 1)
    """
    check_functions(train, each=each, evidence=evidence)
    search = Search(model, levels, keep, criterion, scope, rewind, ignore, evidence, restart, generator, directory,
                    sparse_below, mask_one, mask_zero)  # fmt: skip
    start = search.start(train)
    found = Found(search.finished(levels), None, start.values, search.settings)
    mask = found.levels[-1].mask if found.levels else Mask.full(search.weights)
    for index in range(len(found.levels), levels + 1):
        if index:
            draws = search.generator(index)
            try:
                mask = select(score(criterion, search.evidence(start), draws, mask), keep, scope, mask, draws)
            except EmptyLayer as empty:
                found.stopped = empty.layer
                break
        begin = search.begin(start, mask, found.levels)
        search.restart(begin)
        with search.training(mask, begin):
            report = train(model, search.phase(index))
        found.levels.append(search.finish(Level(index, mask, report), start, each))
    return found
