"""The image experiments' runs (3.4, 3.5): LeNet-5 on a family of digit tasks, configured by one dataclass.

This file is data and loads no torch; `execute.py` says what runs a config, `families.py` what the tasks are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rewire.experiments.recipe import Stage

DOCUMENT = "Like A Light Switch, Blum & Law 2020"
EARLY, LATE = 140, 490  # the steps the paper quotes, of 500
QUICK_SEEDS = (0, 1, 2, 3, 4)
FULL_SEEDS = tuple(range(10))


@dataclass(frozen=True)
class ImageConfig:
    """One network on one family of tasks; the defaults are the authors' code.

    Attributes:
        family: "black 1-channel", "black", "two black", "primaries", "black+red", "white" or "inverse".
        model: "gated", "hard", "shared" or "separate". With one task, "shared" is the plain network.
        speed: of what belongs to a task alone, times lr: "3T" in the code, "4T" in the text.
        zero_gradients: gradients are zeroed as torch 1.6 did, not dropped, so that Adam moves other tasks' scores.
        hard_mean: where the hard gate's scores start. From 1, gate's own default, 500 steps turn nothing off, and
            the hard network is the shared one exactly.
        evaluate_at: the steps whose accuracy on the whole test set is recorded.
        curve_every: steps between looks at a fixed tenth of the test set; 0 for none.
        watch: the tasks evaluated; all when empty.
        wiring: at the end, record what the masks say and save the model.
        rounding: at the end, record the accuracy with masks rounded to bits, and the bytes they take.
    """

    dataset: str = "mnist"
    family: str = "primaries"
    model: str = "gated"
    speed: str = "3T"
    lr: float = 1e-3
    batch_size: int = 32
    steps: int = 500
    zero_gradients: bool = False
    hard_mean: float = 0.1
    precision: str = "fp32"
    evaluate_at: tuple[int, ...] = (EARLY, LATE)
    curve_every: int = 0
    watch: tuple[str, ...] = ()
    wiring: bool = False
    rounding: bool = False


@dataclass(frozen=True)
class TransformConfig:
    """The transforms of 3.4 checked against their formulas, and what they make of a family's test images."""

    dataset: str = "mnist"
    families: tuple[str, ...] = ("primaries",)


@dataclass(frozen=True)
class MemoryConfig:
    """Peak memory of one way to colour, in a fresh process: "eager" (a stack of all images) or "lazy" (this library).

    Attributes:
        batch: images in the eager way's one LeNet pass; the paper's code passes 60,000 at once.
    """

    method: str = "lazy"
    dataset: str = "mnist"
    batch: int = 6000


def quick(config: ImageConfig) -> ImageConfig:
    """The same run, stopped where its last evaluation is."""
    return replace(config, steps=max(config.evaluate_at))


def full(config: ImageConfig) -> ImageConfig:
    """The same run over the paper's 500 steps (unless it is meant to stop early), looked at every 10 steps."""
    return replace(config, steps=500 if max(config.evaluate_at) > EARLY else EARLY, curve_every=10, watch=())


def contenders(label: str, config: ImageConfig, names: Iterable[str], seeds: Sequence[int]) -> list[Stage]:
    """A stage for each of `names`, keys of SETTINGS, labelled "<label> <name>" (a recipe of one family needs none)."""
    return [Stage(f"{label} {name}".strip(), replace(config, **SETTINGS[name]), tuple(seeds)) for name in names]


SETTINGS: dict[str, dict] = {
    "gated": {"model": "gated"},
    "hard": {"model": "hard"},
    "shared": {"model": "shared"},
    "plain": {"model": "shared"},
    "separate": {"model": "separate", "speed": "1"},
    "separate 3T": {"model": "separate", "speed": "3T"},
    "separate 3T zero gradients": {"model": "separate", "speed": "3T", "zero_gradients": True},
    "separate 4T": {"model": "separate", "speed": "4T"},
    "gated 4T": {"model": "gated", "speed": "4T"},
    "gated zero gradients": {"model": "gated", "zero_gradients": True},
}
