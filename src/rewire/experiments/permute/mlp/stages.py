"""The runs of permute/mlp: two datasets, SGPerm with each way to match and Adam, all from one θ0 per seed."""

from dataclasses import replace

from rewire.experiments.permute.shared.config import TrainConfig
from rewire.experiments.recipe import Stage

SGPERM, BRACKET, PROJECT, ADAM = "SGPerm", "SGPerm, bracket", "SGPerm, project", "Adam"
MNIST, FASHION = "MNIST", "Fashion-MNIST"
DATASETS = {MNIST: "mnist", FASHION: "fashion-mnist"}
WAYS = {
    SGPERM: {},
    BRACKET: {"match": "bracket"},
    PROJECT: {"match": "project"},
    ADAM: {"method": "adam"},
}
PROTOCOL = TrainConfig(
    model="mlp", aggressiveness=0.07, aggressiveness_decay=0.985, evaluate_every=100, early=50, early_every=10
)


def named(way: str, dataset: str) -> str:
    """The label of a stage.

    >>> named("Adam", "MNIST")
    'Adam on MNIST'
    """
    return f"{way} on {dataset}"


def stages(budget: str) -> tuple[Stage, ...]:
    """800 updates are the paper's own protocol; `full` has five seeds, and as many of each way to match."""
    many = tuple(range(5 if budget == "full" else 3))
    few = many if budget == "full" else many[:1]
    return tuple(
        Stage(
            named(way, name),
            replace(PROTOCOL, dataset=dataset, **changed),
            few if way in (BRACKET, PROJECT) else many,
        )
        for name, dataset in DATASETS.items()
        for way, changed in WAYS.items()
    )
