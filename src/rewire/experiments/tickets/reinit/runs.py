"""What a run of tickets/reinit does: search, then train each control as the ticket was trained, on the same batches."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from rewire.experiments.recipe import Context
from rewire.experiments.tickets.reinit.stages import RANDOM, REINIT, RESHUFFLE, TICKET, ReinitConfig
from rewire.experiments.tickets.shared import networks
from rewire.experiments.tickets.shared.data import Data, load
from rewire.experiments.tickets.shared.retrain import retrain
from rewire.experiments.tickets.shared.runs import level_record, records, search, sparse_below
from rewire.experiments.tickets.shared.trainer import trainer
from rewire.masks import Mask
from rewire.masks.acting import act
from rewire.masks.actions import reshuffle
from rewire.tickets import Found, Level, Ticket
from rewire.tickets.controls import generators, reinit, reshuffle_mask
from rewire.training.streams import derive

Beginning = tuple[Mapping[str, Tensor], Mask]
CONTROLS = (REINIT, RESHUFFLE, RANDOM)


def run(config: ReinitConfig, context: Context) -> None:
    """All levels of the search, then all controls of its sparser levels."""
    data = load(config, context.seed, context.data, context.device)
    found = search(config, replace(context, progress=_counted(context, config, trainings(config))), data)
    for row in (*records(found), *_controls(config, context, data, found)):
        context.sink.write({"start": TICKET} | row)


def plan(config: ReinitConfig) -> Iterator[tuple[int, str, int]]:
    """(level, control, draws) in order, by the densities that `keep` promises."""
    levels = [level for level in range(config.levels + 1) if config.keep**level <= config.controlled]
    for level in levels[:: config.every]:
        for kind in CONTROLS:
            yield level, kind, config.draws if kind == REINIT else config.other_draws


def beginning(kind: str, ticket: Ticket, build: Callable[[], nn.Module], generator: torch.Generator) -> Beginning:
    """One draw of a control: values (a state dict) and mask."""
    if kind == REINIT:
        return reinit(build(), generator, build), ticket.mask
    if kind == RESHUFFLE:
        return act(reshuffle, ticket.values, ticket.mask, generator), ticket.mask
    return ticket.values, reshuffle_mask(ticket.mask, generator)


def trainings(config: ReinitConfig) -> int:
    """How many networks a run trains."""
    return config.levels + 1 + sum(draws for *_, draws in plan(config))


def _controls(config: ReinitConfig, context: Context, data: Data, found: Found) -> Iterator[dict[str, Any]]:
    build = partial(networks.draw, config, data.task.test[:1][0])
    done = config.levels + 1
    for level, kind, draws in plan(config):
        if level >= len(found.levels):  # an emptied layer ended the search
            return
        ticket = found.ticket(level)
        for draw, generator in enumerate(generators(derive(context.seed, kind, level), draws)):
            values, mask = beginning(kind, ticket, build, generator)
            progress = _counted(context, config, trainings(config), done - level)
            train = trainer(config, data, context.seed, progress, context.checkpoint_every)
            folder = context.directory / "controls" / f"{kind}-{level}-{draw}".replace(" ", "-")
            model, below = build().to(context.device), sparse_below(config)
            report = retrain(model, values, mask, train, folder, level, sparse_below=below)
            yield level_record(Level(level, mask, report)) | {"start": kind, "draw": draw}
            done += 1


def _counted(context: Context, config: ReinitConfig, of: int, ahead: int = 0) -> Callable[[Mapping[str, Any]], None]:
    """The live line over all trainings of the run; the trainer counts those of a search, as far as its level."""

    def show(state: Mapping[str, Any]) -> None:
        each = state["steps"] // (config.levels + 1)
        context.progress({**state, "step": state["step"] + ahead * each, "steps": of * each})

    return show
