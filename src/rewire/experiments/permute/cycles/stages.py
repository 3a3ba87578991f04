"""The runs of permute/cycles: SGPerm's graphs on MNIST, LAPerm's permutations on CIFAR-10."""

from dataclasses import dataclass

from rewire.experiments.permute.shared.config import TrainConfig
from rewire.experiments.recipe import Stage

SUBGRAPH, SYNCS = "permissibility subgraphs", "between syncs"
K = 20  # as the figure's caption has it


@dataclass(frozen=True)
class SubgraphConfig(TrainConfig):
    """Logistic regression as in Fig 8; after `steps` updates, the graphs and cycles of the next one's subsets."""

    steps: int = 25
    evaluate_every: int = 25


@dataclass(frozen=True)
class SyncConfig(TrainConfig):
    """A small convolutional network trained by LAPerm; the second layer's weight vectors have 128 values (8 × 4 × 4).

    The paper does not say which layer of which network its vector of 128 is from.

    shown: of which syncs, counted from 1, the first vector's cycles are recorded.
    """

    dataset: str = "cifar-10"
    model: str = "conv 8@5×5, 16@4×4"
    method: str = "laperm"
    steps: int = 2000
    evaluate_every: int = 2000
    shown: tuple[int, ...] = (2, 100)


def stages(budget: str) -> tuple[Stage, ...]:
    """The paper shows one example of each; `quick` ends the second's training early."""
    syncs = SyncConfig(k=K) if budget == "full" else SyncConfig(k=K, steps=400, shown=(2, 20), train_images=20_000)
    return (
        Stage(SUBGRAPH, SubgraphConfig(), (0, 1, 2)),
        Stage(SYNCS, syncs, (0, 1, 2)),
    )
