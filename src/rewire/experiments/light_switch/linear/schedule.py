"""What a block of seeds draws and counts before it trains: tasks, batches, and Adam's step sizes."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from rewire.experiments.light_switch.linear.config import Linear
from rewire.gates import score_speed
from rewire.training import Streams


class Step(NamedTuple):
    """One step of R seeds.

    rows: of the table, [n]: the drawn tasks' networks (all seeds' shared rows first, where the contender has them).
    examples: of the training points, [R · B].
    sizes, scales: of Adam, [m, 1] for the m rows it moves: lr / (1 − β₁ᶜ) and 1 / √(1 − β₂ᶜ) at a row's c-th step.
    """

    rows: Tensor
    examples: Tensor
    sizes: Tensor
    scales: Tensor


class Schedule:
    """The steps to come, drawn a stretch at a time from each seed's own streams, in the order in which `fit` draws."""

    def __init__(self, config: Linear, streams: Sequence[Streams]) -> None:
        self.config, self.streams = config, list(streams)
        seeds, own = len(self.streams), config.tasks
        self._first_row = torch.arange(seeds) * (1 + own)
        self._counts = torch.zeros(seeds, 1 + own, dtype=torch.int64)
        self._rates = torch.full((1 + own,), config.lr * score_speed(config.speed, own), dtype=torch.float64)
        self._rates[0] = config.lr

    def draw(self, steps: int) -> Iterator[Step]:
        """The next `steps` steps."""
        tasks = self._each("tasks", self.config.tasks, steps)
        examples, rows = self._examples(tasks, steps), self._rows(tasks)
        counts = self._count(tasks).flatten(1)
        moved = counts if self.config.zero_grads else counts.gather(1, rows)
        rates = self._rates.repeat(len(self.streams)).expand_as(counts)
        rates = rates if self.config.zero_grads else rates.gather(1, rows)
        sizes, scales = self._corrected(rates, moved)
        return map(Step, rows, examples, sizes, scales)

    def _each(self, stream: str, high: int, *shape: int) -> Tensor:
        """Integers below `high`, each seed's from its own stream: [R, *shape]. As many as one call each would give."""
        return torch.stack([torch.randint(high, shape, generator=streams[stream]) for streams in self.streams])

    def _examples(self, tasks: Tensor, steps: int) -> Tensor:
        size, batch = self.config.n_train, self.config.batch_size
        every = torch.arange(size).expand(len(self.streams), steps, size)
        drawn = self._each("data", size, steps, batch) if batch else every
        block = torch.arange(len(self.streams)).unsqueeze(1) * self.config.tasks + tasks
        return (block.unsqueeze(2) * size + drawn).transpose(0, 1).flatten(1).contiguous()

    def _rows(self, tasks: Tensor) -> Tensor:
        own = self._first_row + 1 + tasks.T
        shared = self._first_row.expand_as(own)
        kinds = {"shared": [shared], "separate": [own]}
        return torch.cat(kinds.get(self.config.model, [shared, own]), 1)

    def _count(self, tasks: Tensor) -> Tensor:
        """How many steps Adam has made with each row, [steps, R, 1 + T], these included."""
        drawn = torch.nn.functional.one_hot(tasks.T, self.config.tasks)
        if self.config.zero_grads:  # once drawn, a task's parameters are stepped with at every step
            known = (self._counts[:, 1:] > 0).long().unsqueeze(0)
            drawn = torch.cat([known, drawn]).cummax(0).values[1:]
        steps = torch.cat([torch.ones_like(drawn[..., :1]), drawn], 2).cumsum(0) + self._counts
        self._counts = steps[-1] if len(steps) else self._counts
        return steps

    def _corrected(self, rates: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
        dtype, c = torch.float64 if self.config.float64 else torch.float32, counts.clamp(min=1).double()
        sizes = torch.where(counts > 0, rates / (1 - 0.9**c), 0.0)
        scales = (1 - 0.999**c).rsqrt()
        return sizes.unsqueeze(2).to(dtype), scales.unsqueeze(2).to(dtype)
