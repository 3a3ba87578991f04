"""The runs of tickets/mlp: one search by a faithful trainer, by the popular repository's, and as the paper prunes."""

from dataclasses import replace

from rewire.experiments.recipe import Stage
from rewire.experiments.tickets.shared.config import SearchConfig, popular_repository

FAITHFUL, POPULAR, GENTLE = "faithful", "popular repository", "output layer at half the rate"
PROTOCOL = SearchConfig(sparse_below=0.2)
QUICK = replace(PROTOCOL, train_images=40_000, epochs=1, levels=13)


def stages(budget: str) -> tuple[Stage, ...]:
    """`quick` trains a level for one epoch of 40,000 images, and stops at 1 % left.

    Frankle & Carbin take half as much from the output layer; the report does not say that it does.
    """
    config = PROTOCOL if budget == "full" else QUICK
    return (
        Stage(FAITHFUL, config, (0, 1, 2)),  # LT-4 needs three seeds
        Stage(POPULAR, popular_repository(config), (0,)),
        Stage(GENTLE, replace(config, output_keep=(1 + config.keep) / 2), (0,)),
    )
