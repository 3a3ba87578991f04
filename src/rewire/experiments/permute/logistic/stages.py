"""The runs of permute/logistic: SGPerm with each way to match, and Adam, from the same θ0 on the same batches."""

from dataclasses import dataclass, replace

from rewire.experiments.permute.shared.config import TrainConfig
from rewire.experiments.recipe import Stage

WEIGHTS = "weights.safetensors"  # the file of a run's weight vectors before and after
SGPERM, BRACKET, PROJECT, ADAM = "SGPerm", "SGPerm, bracket", "SGPerm, project", "Adam"


@dataclass(frozen=True)
class LogisticConfig(TrainConfig):
    """The defaults are Fig 8's; momentum and Adam's learning rate are not printed there.

    Attributes:
        changes: the steps whose changes of the weights are measured.
    """

    evaluate_every: int = 50
    early: int = 50
    changes: int = 50


def stages(budget: str) -> tuple[Stage, ...]:
    """800 updates are the paper's own protocol; `full` has more seeds."""
    seeds = tuple(range(10 if budget == "full" else 3))
    config = LogisticConfig()
    return (
        Stage(SGPERM, config, seeds),
        Stage(BRACKET, replace(config, match="bracket"), seeds),
        Stage(PROJECT, replace(config, match="project"), seeds),
        Stage(ADAM, replace(config, method="adam"), seeds),
    )
