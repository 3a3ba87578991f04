"""The runs of tickets/mlp: one search by two trainers."""

from dataclasses import replace

from rewire.experiments.recipe import Stage
from rewire.experiments.tickets.shared.config import SearchConfig, popular_repository

FAITHFUL, POPULAR = "faithful", "popular repository"
PROTOCOL = SearchConfig()
QUICK = replace(PROTOCOL, train_images=40_000, epochs=1, levels=13)
SEEDS = {FAITHFUL: (0, 1, 2), POPULAR: (0,)}  # LT-4 needs three; the defect's mark is no matter of seeds


def stages(budget: str) -> tuple[Stage, ...]:
    """`quick` trains a level for one epoch of 40,000 images, and stops at 1 % left, where both have collapsed."""
    config = PROTOCOL if budget == "full" else QUICK
    configs = {FAITHFUL: config, POPULAR: popular_repository(config)}
    return tuple(Stage(label, each, SEEDS[label]) for label, each in configs.items())
