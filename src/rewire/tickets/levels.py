"""What a search goes through and what it finds: phases of training, levels of density, tickets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from rewire.masks import Mask, pack, unpack
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


class Level:
    """A trained level: its number (of prunings before it), its mask, and what the training function returned.

    It holds the mask as bits: a search of twenty levels would otherwise take five times its weights for masks alone.

    >>> level = Level(0, rewire.Mask({"weight": torch.tensor([[True, False]])}), {"accuracy": 0.9})
    >>> level.mask, level.density
    (Mask(1 tensor, 1 of 2 on, density 0.5), 0.5)
    """

    def __init__(self, index: int, mask: Mask, report: Any = None) -> None:
        self.index, self.report, self.density = index, report, mask.density
        self._bits = {name: (pack(on), on.shape) for name, on in mask.items()}

    @property
    def mask(self) -> Mask:
        """The weights that are on, on the CPU."""
        return Mask({name: unpack(bits, shape) for name, (bits, shape) in self._bits.items()})

    def __repr__(self) -> str:
        return f"Level({self.index}, density {self.density:.4g}, report={self.report!r})"


@dataclass
class Found:
    """The levels of a search, and the layer that the next level would have emptied (None: no layer stopped it)."""

    levels: list[Level]
    stopped: str | None = None
    start: Mapping[str, Tensor] = field(default_factory=dict, repr=False)
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def ticket(self, index: int = -1) -> Ticket:
        """The ticket of one level, the sparsest by default.

        Raises IndexError for a level that is not there, ValueError where levels begin from other values than the start
        point and zeros: a ticket holds no others.
        """
        if not -len(self.levels) <= index < len(self.levels):
            raise IndexError(f"index must be that of a level, 0 to {len(self.levels) - 1}; got {index}")
        level = self.levels[index]
        if acted := [name for name in ("mask_one", "mask_zero") if name in self.settings]:
            got = f"{acted[0]}={self.settings[acted[0]]!r}: `tickets.beginning` gives such values"
            raise ValueError(f"ticket must be of a search that rewinds what is kept and zeroes the rest; got {got}")
        settings = {name: setting for name, setting in self.settings.items() if name != "weights"}
        return Ticket(level.mask, self.start, {"level": level.index, "density": level.density, **settings})
