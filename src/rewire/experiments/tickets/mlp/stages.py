"""The runs of tickets/mlp: one search by two trainers."""

from dataclasses import replace

from rewire.experiments.recipe import Stage
from rewire.experiments.tickets.shared.config import SearchConfig, popular_repository

FAITHFUL, POPULAR = "faithful", "popular repository"
PROTOCOL = SearchConfig(sparse_below=0.2)
QUICK = SearchConfig(train_images=30_000, epochs=1, levels=14)
SEEDS = {
    "quick": {FAITHFUL: (0, 1, 2), POPULAR: (0, 1, 2)},
    "full": {FAITHFUL: (0, 1, 2), POPULAR: (0,)},  # LT-4 needs three; the defect's mark is no matter of seeds
}


def stages(budget: str) -> tuple[Stage, ...]:
    """`quick` trains a level for one epoch of half the images, and stops where both trainers have collapsed."""
    config = PROTOCOL if budget == "full" else QUICK
    configs = {FAITHFUL: config, POPULAR: popular_repository(replace(config, sparse_below=0.0))}
    return tuple(Stage(label, each, SEEDS[budget][label]) for label, each in configs.items())
