"""The runs of tickets/lenet5: a search on each of the two networks that bear the name."""

from dataclasses import replace

from rewire.experiments.recipe import Stage
from rewire.experiments.tickets.shared.config import SearchConfig, popular_repository

STANDARD, CONV2 = "LeNet-5", "popular repository"
PROTOCOL = SearchConfig(model="lenet5", epochs=50, keep=0.8, levels=20)
QUICK = replace(PROTOCOL, train_images=12_000, validation=2000, epochs=1, keep=0.8**3, levels=7)


def stages(budget: str) -> tuple[Stage, ...]:
    """`quick` is 200 steps a level of the standard network, three of the report's levels at a time.

    Conv-2, as the popular repository has it, with its trainer, takes a day of one core and is in `full` alone.
    """
    if budget == "quick":
        return (Stage(STANDARD, QUICK, (0, 1, 2)),)
    conv2 = popular_repository(replace(PROTOCOL, model="conv2"))
    return Stage(STANDARD, PROTOCOL, (0, 1, 2)), Stage(CONV2, conv2, (0,))
