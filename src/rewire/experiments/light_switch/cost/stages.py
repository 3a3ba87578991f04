"""The runs of LS-0b: steps timed over sizes of batch and network, and the comparator's training."""

from dataclasses import dataclass

from rewire.experiments.recipe import Stage


@dataclass(frozen=True)
class Config:
    """Steps on MAML's sinusoid regression, network 1-width-width-1.

    measure: "time" times steps at each of `batches` (at `width`) and `widths` (at `batch`), `rounds` times `repeats`
    of each network in turn; "maml" trains the comparator for `steps` and measures its few-shot error.
    batch: examples per step, for MAML tasks of 10 support and 10 query points; 500 is its own 25 tasks.
    """

    measure: str = "time"
    batches: tuple[int, ...] = (20, 100, 500, 2500)
    widths: tuple[int, ...] = (20, 40, 80, 160, 320)
    batch: int = 500
    width: int = 40
    tasks: int = 10
    rounds: int = 20
    repeats: int = 3
    lr: float = 1e-3
    inner_lr: float = 0.01
    shots: int = 10
    test_shots: int = 5
    test_tasks: int = 600
    steps: int = 0


def stages(budget: str) -> tuple[Stage, ...]:
    """Timings of three initialisations, alone on the machine; at full length also the comparator's training."""
    if budget == "quick":
        return (Stage("time", Config(), (0, 1, 2), exclusive=True),)
    training = Config(measure="maml", batch=500, steps=15_000)
    return (Stage("time", Config(rounds=60), (0, 1, 2, 3, 4), exclusive=True), Stage("maml", training, (0,)))
