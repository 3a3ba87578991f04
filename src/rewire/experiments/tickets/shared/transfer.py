"""Tickets moved: found by one search, and each trained again where one thing is different. Loads no torch."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from rewire.experiments.tickets.shared.config import SearchConfig
from rewire.runs import Records


@dataclass(frozen=True)
class TransferConfig(SearchConfig):
    """A search, and what differs where its tickets are trained again; with none of the four they are not.

    Attributes:
        to_half: the other half of the training images. to_labels: other classes. to_optimizer: the other optimizer.
        to_dataset: the other dataset, whose images must have the same shape.
        to_levels: the levels whose tickets are trained again; all when empty.
    """

    to_half: int = 0
    to_labels: tuple[int, ...] = ()
    to_optimizer: str = ""
    to_levels: tuple[int, ...] = ()
    to_dataset: str = ""


def target(config: TransferConfig) -> TransferConfig | None:
    """The config that tickets are trained by after the search; None where they stay.

    >>> target(TransferConfig(half=1, to_half=2)).half, target(TransferConfig(half=1))
    (2, None)
    """
    moved = replace(
        config,
        half=config.to_half or config.half,
        labels=config.to_labels or config.labels,
        optimizer=config.to_optimizer or config.optimizer,
        dataset=config.to_dataset or config.dataset,
    )
    return None if moved == config else moved


def named(records: Records, names: Mapping[tuple[str, bool], str]) -> Records:
    """The records of some trainings, with new labels: (a stage's label, whether its tickets were moved) → label."""
    mine = ((names.get((row["label"], row["moved"])), row) for row in records if "moved" in row)
    return Records([{**row, "label": name} for name, row in mine if name])
