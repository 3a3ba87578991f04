"""A search as a run, and its tickets trained again elsewhere: the mask and the initial values move, nothing else."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch

from rewire.experiments.recipe import Context
from rewire.experiments.tickets.shared.data import load
from rewire.experiments.tickets.shared.networks import build
from rewire.experiments.tickets.shared.retrain import retrain
from rewire.experiments.tickets.shared.runs import level_record, records, search, sparse_below
from rewire.experiments.tickets.shared.trainer import trainer
from rewire.experiments.tickets.shared.transfer import TransferConfig, target
from rewire.tickets import Found, Level, Ticket, random_mask
from rewire.training import Streams
from rewire.training.streams import derive

TRANSFER, CONTROLS = "transfer", "controls"  # the folders, in the run's own, of the trainings after the search
RANDOM = "random mask"
Progress = Callable[[Mapping[str, Any]], None]
Change = Callable[[Ticket, int], Ticket]


def run(config: TransferConfig, context: Context, controls: bool = False) -> None:
    """Records: the search's, with "moved" false, and each moved ticket's, with it true; the last level's curves.

    With `controls` a random mask is trained beside each moved ticket; its records say "control", and nothing of moved.
    """
    later = target(config)
    parts = 1 if later is None else 3 if controls else 2
    found = search(config, _part(context, 0, parts))
    for row in [*records(found), *curve(found.levels[-1])]:
        context.sink.write({"moved": False, **row})
    if later is None:
        return
    for row in transfer(found, later, _part(context, 1, parts)):
        context.sink.write({"moved": True, **row})
    if controls:
        for row in transfer(found, later, _part(context, 2, parts), random_ticket, CONTROLS):
            context.sink.write({"control": RANDOM, **row})


def transfer(
    found: Found,
    config: TransferConfig,
    context: Context,
    change: Change = lambda ticket, _: ticket,
    to: str = TRANSFER,
) -> Iterator[dict[str, Any]]:
    """Train each ticket by `config`, from its own initial values; a killed transfer goes on within the ticket.

    change: makes another ticket of one, by a seed of its level. to: the trainings' folder, in the run's own.
    """
    data = load(config, context.seed, context.data, context.device)
    model = build(config, data.task.test[:1][0], Streams(context.seed)).to(context.device)
    train = trainer(config, data, context.seed, context.progress, context.checkpoint_every)
    for level in found.levels:
        if config.to_levels and level.index not in config.to_levels:
            continue
        ticket = change(found.ticket(level.index), derive(context.seed, to, level.index))
        directory, below = context.directory / to / f"level-{level.index:03}", sparse_below(config)
        report = retrain(model, ticket.values, ticket.mask, train, directory, level.index, sparse_below=below)
        moved = Level(level.index, ticket.mask, report)
        yield level_record(moved)
        if level is found.levels[-1]:
            yield from curve(moved)


def random_ticket(ticket: Ticket, seed: int) -> Ticket:
    """The ticket's values under a random mask of the same layer densities."""
    generator = torch.Generator().manual_seed(seed)
    return replace(ticket, mask=random_mask(ticket.mask, ticket.mask.densities(), generator))


def curve(level: Level) -> Iterator[dict[str, Any]]:
    """Test accuracy by epoch; without a "step", for these records are written when the training is over."""
    looks = [row for row in level.report["curve"] if row["split"] == "test"]
    for epoch, row in enumerate(looks, start=1):
        yield {"level": level.index, "density": level.density, "epoch": epoch, "epoch_accuracy": row["accuracy"]}


def _part(context: Context, part: int, parts: int) -> Context:
    """The context of one part of the run."""
    return replace(context, progress=_scaled(context.progress, part, parts))


def _scaled(progress: Progress, part: int, parts: int) -> Progress:
    """The live line of one part of the run: its steps count on from those before, as if all parts were alike."""

    def show(state: Mapping[str, Any]) -> None:
        if "steps" in state:
            before, steps = part * state["steps"], parts * state["steps"]
            state = {**state, "step": before + state["step"], "steps": steps}
        progress(state)

    return show
