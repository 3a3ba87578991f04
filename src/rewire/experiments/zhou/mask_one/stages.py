"""The runs of zhou/mask-one: a search per mask-one action, the mask by large final magnitude."""

from dataclasses import replace

from rewire.experiments.recipe import Stage
from rewire.experiments.zhou.shared.config import SEEDS, protocol

REWIND = "rewind"
ACTIONS = ("reinit", "reinit_shuffled", "reshuffle", "constant")


def signed(action: str) -> str:
    """The action that keeps each weight's sign."""
    return f"{action}, same sign"


SIGNED = tuple(map(signed, ACTIONS))


def stages(budget: str) -> tuple[Stage, ...]:
    """A stage's label is its action. Their text has a new draw for `reinit`, their code a shuffle: both run."""
    config = protocol(budget)
    return tuple(Stage(name, replace(config, mask_one=name), SEEDS[budget]) for name in (REWIND, *SIGNED, *ACTIONS))
