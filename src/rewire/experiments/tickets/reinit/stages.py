"""The runs of tickets/reinit: a search, and its controls, per seed."""

from dataclasses import dataclass

from rewire.experiments.recipe import Stage
from rewire.experiments.tickets.shared.config import SearchConfig

TICKET, REINIT, RESHUFFLE, RANDOM = "ticket", "reinit", "reshuffled values", "random mask"
LABEL = "search and controls"


@dataclass(frozen=True)
class ReinitConfig(SearchConfig):
    """A search whose sparser levels are trained again from other beginnings.

    Attributes:
        controlled: levels with at most this fraction left are, every `every`-th of them.
        draws: of new initial values. other_draws: of each other control.
    """

    controlled: float = 0.21
    every: int = 1
    draws: int = 3
    other_draws: int = 1


FULL = ReinitConfig(epochs=25, levels=11, every=2, evaluate_every=300, sparse_below=0.25)
QUICK = ReinitConfig(epochs=1, keep=0.45, levels=4, sparse_below=0.25)


def stages(budget: str) -> tuple[Stage, ...]:
    """The report has no such control, so `full` is what decides: 23,000 steps a level, four controlled levels."""
    return (Stage(LABEL, FULL if budget == "full" else QUICK, (0, 1, 2)),)
