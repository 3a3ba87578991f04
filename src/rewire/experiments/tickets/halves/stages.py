"""The runs of tickets/halves: tickets of either half by two trainers; those of S1 are trained on S2 as well."""

from dataclasses import replace

from rewire.experiments.recipe import Stage
from rewire.experiments.tickets.shared.config import popular_repository
from rewire.experiments.tickets.shared.transfer import TransferConfig

FAITHFUL, POPULAR = "faithful", "popular repository"
TRAINERS = (FAITHFUL, POPULAR)
# 7.2 keeps no images for validation; 30,000 in either half.
PROTOCOL = TransferConfig(
    validation=0, batch_size=50, epochs=50, keep=0.5, levels=5, to_levels=(2, 5), sparse_below=0.2
)
QUICK = replace(PROTOCOL, train_images=22_000, epochs=1)
SEEDS = {"quick": (0, 1, 2), "full": (0,)}


def stages(budget: str) -> tuple[Stage, ...]:
    """`quick` trains a level for one epoch on 22,000 images of its half, and leaves out the popular trainer's T2."""
    faithful = PROTOCOL if budget == "full" else QUICK
    popular = popular_repository(faithful)
    wanted = [(FAITHFUL, faithful, 1), (FAITHFUL, faithful, 2), (POPULAR, popular, 1), (POPULAR, popular, 2)]
    return tuple(
        Stage(stage(name, half), replace(config, half=half, to_half=2 if half == 1 else 0), SEEDS[budget])
        for name, config, half in wanted[: 4 if budget == "full" else 3]
    )


def stage(name: str, half: int) -> str:
    """The label of the search by one trainer on one half.

    >>> stage("faithful", 1)
    'faithful S1'
    """
    return f"{name} S{half}"


def trainings(name: str) -> dict[tuple[str, bool], str]:
    """What each of a trainer's trainings is called: T1 is the ticket found on S1, T2 that found on S2."""
    first, second = stage(name, 1), stage(name, 2)
    return {(first, False): "T1 on S1", (first, True): "T1 on S2", (second, False): "T2 on S2"}
