"""The runs of zhou/many-tasks: one stage for each way to have N tasks, all with the same data and steps."""

from dataclasses import dataclass, replace

from rewire.experiments.recipe import Stage


@dataclass(frozen=True)
class ManyTasksConfig:
    """N permuted tasks in 784-300-100-10, each way with `steps` training steps per task. No document has this: assumed.

    Attributes:
        way: one of WAYS.
        lr: of Adam on weights. speed: of the scores that train beside them (light switch, hard gates), times lr.
        mask_lr: of RMSprop on scores over frozen weights (supermasks, Piggyback).
        period: LAPerm's steps from sync to sync.
    """

    dataset: str = "mnist"
    way: str = "separate"
    tasks: int = 10
    hidden: tuple[int, ...] = (300, 100)
    steps: int = 2000
    batch_size: int = 64
    lr: float = 1e-3
    speed: str = "3T"
    mask_lr: float = 3e-4
    period: int = 20


WAYS = {
    "separate": "a network for each task",
    "shared": "one network for all",
    "light switch": "shared weights, σ masks",
    "hard gates": "shared weights, 0/1 masks",
    "piggyback": "masks over the first task's network",
    "supermasks": "masks over signed constants",
    "permutations": "orders of one set of values",
}
PROTOCOL = ManyTasksConfig()
QUICK = replace(PROTOCOL, tasks=5, steps=200, mask_lr=1e-3)


def stages(budget: str) -> tuple[Stage, ...]:
    """`quick` has half as many tasks and a tenth of the steps."""
    config = PROTOCOL if budget == "full" else QUICK
    return tuple(Stage(way, replace(config, way=way), (0, 1, 2)) for way in WAYS)
