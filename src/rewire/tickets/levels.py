"""What a search goes through and what it finds: phases of training, levels of density, tickets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from rewire.masks import Mask
from rewire.tickets.ticket import Ticket


@dataclass(frozen=True)
class Phase:
    """One call of the training function: train from step `start` to step `stop`, with a fresh optimizer.

    level: 0 is dense. start: the first step's number; the learning-rate schedule and the order of the data begin
    there. stop: train up to it, None for the whole training. directory: a folder of the phase's own, for a checkpoint
    to go on from; None where the search has none. fine_tune: keep the learning rate at its last value.
    """

    level: int
    start: int
    stop: int | None = None
    directory: Path | None = None
    fine_tune: bool = False


@dataclass(frozen=True)
class Level:
    """A trained level: its number (of prunings before it), its mask, and what the training function returned."""

    index: int
    mask: Mask
    report: Any = None

    @property
    def density(self) -> float:
        """The fraction of the prunable weights that is on."""
        return self.mask.density


@dataclass
class Found:
    """The levels of a search, and the layer that the next level would have emptied (None: no layer stopped it)."""

    levels: list[Level]
    stopped: str | None = None
    start: Mapping[str, Tensor] = field(default_factory=dict, repr=False)
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def ticket(self, index: int = -1) -> Ticket:
        """The ticket of one level, the sparsest by default. Raises IndexError for a level that is not there."""
        if not -len(self.levels) <= index < len(self.levels):
            raise IndexError(f"index must be that of a level, 0 to {len(self.levels) - 1}; got {index}")
        level = self.levels[index]
        settings = {name: setting for name, setting in self.settings.items() if name != "weights"}
        return Ticket(level.mask, self.start, {"level": level.index, "density": level.density, **settings})
