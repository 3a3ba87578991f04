"""The runs of light-switch/unseen: both gates, trained on some colours and confronted with others."""

from dataclasses import dataclass, replace

from rewire.experiments.light_switch.images.config import QUICK_SEEDS
from rewire.experiments.recipe import Stage


@dataclass(frozen=True)
class UnseenConfig:
    """One network trained on some colours, then confronted with others. The paper only sketches the idea: all assumed.

    Attributes:
        known, unseen: families of tasks, the trained and the held-out.
        model: "gated" or "hard".
        hard_mean: initial scores of the Hard switch; from 1, few would cross zero in so few steps.
        shots: numbers of labelled examples of an unseen task; the smaller sets are parts of the larger.
        mixing_steps, mixing_lr: of `fit_combination`.
        tuning_steps: of training a new task's scores, and nothing else, on the largest number of shots.
        guesses: inferences of the task per known task, for each batch size of `crowds`.
        images: test images per task, evenly spread; 0 for all.
    """

    dataset: str = "mnist"
    known: str = "five colours"
    unseen: str = "unseen colours"
    model: str = "gated"
    speed: str = "3T"
    hard_mean: float = 0.1
    lr: float = 1e-3
    batch_size: int = 32
    steps: int = 1000
    shots: tuple[int, ...] = (10, 50, 100)
    mixing_steps: int = 40
    mixing_lr: float = 0.3
    tuning_steps: int = 30
    crowds: tuple[int, ...] = (1, 50)
    guesses: int = 30
    images: int = 1000


def stages(budget: str) -> tuple[Stage, ...]:
    """Both gates; `quick` trains a fifth as long and looks at fewer examples."""
    config = UnseenConfig()
    if budget == "quick":
        config = replace(
            config, steps=200, shots=(10, 40), mixing_steps=15, mixing_lr=0.6, tuning_steps=10, guesses=4, images=200
        )
    return tuple(Stage(model, replace(config, model=model), QUICK_SEEDS) for model in ("gated", "hard"))
