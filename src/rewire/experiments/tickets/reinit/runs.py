"""What a run of tickets/reinit does: search, then train each control as the ticket was trained, on the same batches."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from rewire.experiments.recipe import Context
from rewire.experiments.tickets.reinit.stages import RANDOM, REINIT, RESHUFFLE, TICKET, ReinitConfig
from rewire.experiments.tickets.shared import networks
from rewire.experiments.tickets.shared.data import Data, load
from rewire.experiments.tickets.shared.retrain import retrain
from rewire.experiments.tickets.shared.runs import level_record, records, search
from rewire.experiments.tickets.shared.trainer import trainer
from rewire.masks import Mask
from rewire.masks.actions import act, reshuffle
from rewire.tickets import Found, Level, Ticket
from rewire.tickets.controls import generators, reinit, reshuffle_mask
from rewire.training.streams import derive

Beginning = tuple[Mapping[str, Tensor], Mask]
CONTROLS = (REINIT, RESHUFFLE, RANDOM)


def run(config: ReinitConfig, context: Context) -> None:
    """All levels of the search, then all controls of its sparser levels."""
    data = load(config, context.seed, context.data, context.device)
    found = search(config, context, data)
    for row in (*records(found), *_controls(config, context, data, found)):
        context.sink.write({"start": TICKET} | row)


def beginning(kind: str, ticket: Ticket, build: Callable[[], nn.Module], generator: torch.Generator) -> Beginning:
    """One draw of a control: values (a state dict) and mask."""
    if kind == REINIT:
        return reinit(build(), generator, build), ticket.mask
    if kind == RESHUFFLE:
        return act(reshuffle, ticket.values, ticket.mask, generator), ticket.mask
    return ticket.values, reshuffle_mask(ticket.mask, generator)


def controlled(config: ReinitConfig, found: Found) -> list[Level]:
    """The levels that get controls."""
    return [level for level in found.levels if level.density <= config.controlled][:: config.every]


def _controls(config: ReinitConfig, context: Context, data: Data, found: Found) -> Iterator[dict[str, Any]]:
    train = trainer(config, data, context.seed, context.progress, context.checkpoint_every)
    build = partial(networks.draw, config, data.task.test[:1][0])
    for level in controlled(config, found):
        ticket = found.ticket(level.index)
        for kind in CONTROLS:
            draws = config.draws if kind == REINIT else config.other_draws
            for draw, generator in enumerate(generators(derive(context.seed, kind, level.index), draws)):
                values, mask = beginning(kind, ticket, build, generator)
                folder = context.directory / "controls" / f"{kind}-{level.index}-{draw}".replace(" ", "-")
                report = retrain(build().to(context.device), values, mask, train, folder, level.index)
                yield level_record(Level(level.index, mask, report)) | {"start": kind, "draw": draw}
