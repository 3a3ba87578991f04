"""A search as a run, and its tickets trained again elsewhere: the mask and the initial values move, nothing else."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from rewire.experiments.recipe import Context
from rewire.experiments.tickets.shared.data import load
from rewire.experiments.tickets.shared.networks import build
from rewire.experiments.tickets.shared.retrain import retrain
from rewire.experiments.tickets.shared.runs import level_record, records, search, sparse_below
from rewire.experiments.tickets.shared.trainer import trainer
from rewire.experiments.tickets.shared.transfer import TransferConfig, target
from rewire.tickets import Found, Level
from rewire.training import Streams

TRANSFER = "transfer"  # the folder, in the run's own, of the trainings after the search
Progress = Callable[[Mapping[str, Any]], None]


def run(config: TransferConfig, context: Context) -> None:
    """Records: the search's, with "moved" false, and each moved ticket's, with it true; the last level's curves."""
    later = target(config)
    found = search(config, replace(context, progress=_scaled(context.progress, 0, 1 if later is None else 2)))
    for row in [*records(found), *curve(found.levels[-1])]:
        context.sink.write({"moved": False, **row})
    if later is not None:
        context = replace(context, progress=_scaled(context.progress, 1, 2))
        for row in transfer(found, later, context):
            context.sink.write({"moved": True, **row})


def transfer(found: Found, config: TransferConfig, context: Context) -> Iterator[dict[str, Any]]:
    """Train each ticket by `config`, from its own initial values; a killed transfer goes on within the ticket."""
    data = load(config, context.seed, context.data, context.device)
    model = build(config, data.task.test[:1][0], Streams(context.seed)).to(context.device)
    train = trainer(config, data, context.seed, context.progress, context.checkpoint_every)
    for level in found.levels:
        if config.to_levels and level.index not in config.to_levels:
            continue
        ticket, directory = found.ticket(level.index), context.directory / TRANSFER / f"level-{level.index:03}"
        below = sparse_below(config)
        report = retrain(model, ticket.values, ticket.mask, train, directory, level.index, sparse_below=below)
        moved = Level(level.index, ticket.mask, report)
        yield level_record(moved)
        if level is found.levels[-1]:
            yield from curve(moved)


def curve(level: Level) -> Iterator[dict[str, Any]]:
    """Test accuracy by epoch; without a "step", for these records are written when the training is over."""
    looks = [row for row in level.report["curve"] if row["split"] == "test"]
    for epoch, row in enumerate(looks, start=1):
        yield {"level": level.index, "density": level.density, "epoch": epoch, "epoch_accuracy": row["accuracy"]}


def _scaled(progress: Progress, part: int, parts: int) -> Progress:
    """The live line of one part of the run: its steps count on from those before, as if all parts were alike."""

    def show(state: Mapping[str, Any]) -> None:
        if "steps" in state:
            before, steps = part * state["steps"], parts * state["steps"]
            state = {**state, "step": before + state["step"], "steps": steps}
        progress(state)

    return show
