"""The runs of permute/storage: networks trained by moving values, saved as a seed and permutations."""

from dataclasses import dataclass, replace

from rewire.experiments.permute.shared.config import TrainConfig
from rewire.experiments.recipe import Stage

LAPERM, SGPERM, SPARSE = "LAPerm", "SGPerm", "LAPerm, 90 % zeros"


@dataclass(frozen=True)
class StorageConfig(TrainConfig):
    """The network 784-500-300-10 trained on MNIST; density: of its weights at θ0, the others being zeros that move."""

    model: str = "mlp"
    steps: int = 4000
    evaluate_every: int = 4000
    k: int = 20
    density: float = 1.0


FULL = {
    LAPERM: StorageConfig(method="laperm"),
    SGPERM: StorageConfig(steps=800, aggressiveness=0.07, aggressiveness_decay=0.985),
    SPARSE: StorageConfig(method="laperm", density=0.1),
}
QUICK = {LAPERM: 200, SGPERM: 60, SPARSE: 200}


def stages(budget: str) -> tuple[Stage, ...]:
    """How well a network is trained does not change what its permutation takes."""
    configs = FULL if budget == "full" else {name: replace(FULL[name], steps=steps) for name, steps in QUICK.items()}
    return tuple(Stage(name, config, (0, 1, 2)) for name, config in configs.items())
