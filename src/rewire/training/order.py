"""Which examples make the next batch: drawn with replacement, or epoch by epoch."""

from typing import Any

import torch
from torch import Tensor

from rewire.errors import choice
from rewire.tasks import Task
from rewire.training.streams import Streams, derive

ORDERS = ("replacement", "epochs")


class Order:
    """Batches of indices, task by task. Its state is a count per task: an epoch's order is drawn anew from its seed."""

    def __init__(self, kind: str, batch_size: int, streams: Streams) -> None:
        if kind not in ORDERS:
            raise choice("order", ORDERS, kind)
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1; got {batch_size}")
        self.kind, self.batch_size, self.streams = kind, batch_size, streams
        self._batches: dict[str, int] = {}
        self._epochs: dict[str, tuple[int, Tensor]] = {}

    def next(self, task: Task) -> Tensor:
        size = len(task.train)
        if self.kind == "replacement":
            return torch.randint(size, (self.batch_size,), generator=self.streams["data"])
        count = self._batches.get(task.name, 0)
        self._batches[task.name] = count + 1
        epoch, batch = divmod(count, -(-size // self.batch_size))
        return self._shuffled(task.name, epoch, size)[batch * self.batch_size : (batch + 1) * self.batch_size]

    def _shuffled(self, name: str, epoch: int, size: int) -> Tensor:
        known = self._epochs.get(name)
        if known is None or known[0] != epoch:
            generator = torch.Generator().manual_seed(derive(self.streams.seed, "order", name, epoch))
            known = self._epochs[name] = epoch, torch.randperm(size, generator=generator)
        return known[1]

    def state_dict(self) -> dict[str, Any]:
        return {**self._settings(), "batches": dict(self._batches)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Raises ValueError where the batches were drawn in another way: what followed would be no run of either."""
        for name, mine in self._settings().items():
            if state[name] != mine:
                raise ValueError(f"{name} must be {state[name]!r}, as before; got {mine!r}")
        self._batches = dict(state["batches"])

    def _settings(self) -> dict[str, Any]:
        return {"order": self.kind, "batch_size": self.batch_size, "seed": self.streams.seed}
