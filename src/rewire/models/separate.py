"""The baseline without sharing: a network for each task."""

from collections.abc import Mapping

from torch import Tensor, nn

from rewire.gates import PerTask


class Separate(PerTask):
    """One module per task behind one call; `rewire.switch` chooses which.

    >>> model = Separate({"day": nn.Linear(2, 1), "night": nn.Linear(2, 1)})
    >>> rewire.active_task(rewire.switch(model, "night"))
    'night'
    """

    def __init__(self, networks: Mapping[str, nn.Module]) -> None:
        super().__init__()
        if not networks:
            raise ValueError("networks must hold at least one task; got an empty mapping")
        self.tasks = list(networks)
        self.networks = nn.ModuleList(networks.values())
        self.activate(self.tasks[0])

    def activate(self, task: str) -> None:
        self.task = task

    def forward(self, x: Tensor) -> Tensor:
        return self.networks[self.tasks.index(self.task)](x)
