"""What a run of tickets/stability does: train the same subnetworks in two orders of the data, and compare the ends."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from rewire.experiments.recipe import Context
from rewire.experiments.tickets.shared.data import load
from rewire.experiments.tickets.shared.networks import build
from rewire.experiments.tickets.shared.trainer import trainer
from rewire.experiments.tickets.stability.stages import StabilityConfig
from rewire.files import read_tensors, write_tensors
from rewire.masks import Mask
from rewire.tasks import Task
from rewire.tickets import Phase, Ticket, angle, distance, find, instability, masked, path, random_mask
from rewire.training import Streams, evaluate
from rewire.training.streams import derive

Values = dict[str, Tensor]
DENSE, TICKET, RANDOM = "dense", "ticket", "random mask"
SEARCH = "search"


class Bench:
    """One network and its data, trained in one order or another; every training ends in a file and is not repeated."""

    def __init__(self, config: StabilityConfig, context: Context) -> None:
        self.config, self.directory, self.streams = config, context.directory, Streams(context.seed)
        data = load(config, context.seed, context.data, context.device)
        self.task, self.model = data.task, build(config, data.task.test[:1][0], self.streams).to(context.device)
        orders = (context.seed, derive(context.seed, "another order"))
        self.trainers = [trainer(config, data, order, context.progress, context.checkpoint_every) for order in orders]

    def search(self) -> tuple[Ticket, Values, Values]:
        """The ticket, and what the dense network and the ticket are after training in the first order."""
        config = self.config
        found = find(
            self.model,
            self.trainers[0],
            levels=config.levels,
            keep=config.keep,
            rewind=config.rewind,
            generator=self.streams["masks"],
            directory=self.directory / SEARCH,
            each=lambda level, model: _write(self.directory / f"level-{level.index}", model),
        )
        dense, trained = (read_tensors(self.directory / f"level-{at}")[0] for at in (0, len(found.levels) - 1))
        return found.ticket(), dense, trained

    def trained(self, ticket: Ticket, name: str, order: int) -> Values:
        """What the subnetwork is after training in an order, from the step that its values are of."""
        end, folder = self.directory / f"{name}-{order}", self.directory / f"training-{name}-{order}"
        if not end.exists():
            folder.mkdir(exist_ok=True)
            ticket.apply(self.model)
            with masked(self.model, ticket.mask):
                self.trainers[order](self.model, Phase(self.config.levels, self.config.rewind, None, folder))
            _write(end, self.model)
        return read_tensors(end)[0]


def run(config: StabilityConfig, context: Context) -> None:
    """Find a ticket, draw a random mask like it, and compare what training makes of both."""
    bench = Bench(config, context)
    ticket, dense, trained = bench.search()
    other = replace(ticket, mask=random_mask(ticket.mask, ticket.mask.densities(), bench.streams["masks"]))
    ends = {
        TICKET: (ticket.mask, trained, bench.trained(ticket, TICKET, 1)),
        RANDOM: (other.mask, bench.trained(other, RANDOM, 0), bench.trained(other, RANDOM, 1)),
    }
    rows = [_accuracy(bench, DENSE, dense)]
    for name, (mask, first, second) in ends.items():
        rows += [_accuracy(bench, name, first) | {"density": mask.density}]
        rows += [*_stability(name, mask, dense, first, second), *_line(bench, name, first, second)]
    for row in rows:
        context.sink.write({"rewind": config.rewind} | row)  # without a step: all is measured after the trainings


def _accuracy(bench: Bench, name: str, values: Values) -> dict[str, Any]:
    bench.model.load_state_dict(values)
    return {"network": name} | evaluate(bench.model, bench.task)


def _stability(name: str, mask: Mask, dense: Values, first: Values, second: Values) -> Iterator[dict[str, Any]]:
    """To pruning: against the dense network trained in the same order. To the data order: against the other order."""
    for to, reference in (("pruning", dense), ("data order", second)):
        apart = {"distance": distance(first, reference, mask), "angle": angle(first, reference, mask)}
        yield {"network": name, "to": to} | apart


def _line(bench: Bench, name: str, first: Values, second: Values) -> Iterator[dict[str, Any]]:
    """The error between the ends of the two orders, and how far it rises above theirs."""
    task = replace(bench.task, test=bench.task.test.subset(slice(None, None, bench.config.path_every)))
    points = path(bench.model, first, second, lambda model: _error(model, task), bench.config.points)
    for alpha, error in points:
        yield {"network": name, "alpha": alpha, "error": error}
    yield {"network": name, "instability": instability(points)}


def _error(model: nn.Module, task: Task) -> float:
    return 1 - evaluate(model, task)["accuracy"]


def _write(end: Path, model: nn.Module) -> None:
    write_tensors(end, model.state_dict())
