"""The runs of LS-1: contenders at plain and faster rates, recovery of the true wiring, and d + 1 points."""

from dataclasses import replace

from rewire.experiments.light_switch.linear.config import Linear
from rewire.experiments.recipe import Stage

SLOW = 150_000  # steps: without a faster rate for its scores, the gated network needs most of these

# 3.1's "1e-8 and 1e-14" (finding 5): Adam at a rate that drives σ into saturation, all parameters from zero.
SATURATING = Linear(speed="4T", tasks=15, d_in=1, d_out=1, lr=0.1, batch_size=64, init="zeros", float64=True)
# A problem whose wiring the Hard switch finds (finding 11): every step takes all of a task's points.
EXACT = Linear(speed="4", tasks=5, d_in=5, d_out=1, n_train=50, lr=0.05, batch_size=0, init="normal", float64=True)
# As many points as a layer of 11 inputs and a bias has unknowns for each output.
DETERMINED = Linear(model="separate", tasks=1, n_train=12, batch_size=0, steps=50_000, every=1000)


def stages(budget: str) -> tuple[Stage, ...]:
    """Both budgets run the whole protocol, `quick` with 10 seeds and `full` with 20 (LS-1c: 200 in both)."""
    block = 10 if budget == "quick" else 20
    return (*_speed(block), *_recovery(), Stage("determined", replace(DETERMINED, block=block), (0,)))


def _speed(block: int) -> list[Stage]:
    """LS-1a and LS-1b: every contender at the plain rate, and with what belongs to a task learning faster."""
    contenders = {
        "gated": Linear(steps=SLOW),
        "gated 3T": Linear(speed="3T"),
        "gated 4T": Linear(speed="4T"),
        "gated 3T, zero_grad": Linear(speed="3T", zero_grads=True),
        "hard": Linear(model="hard"),
        "hard 4T": Linear(model="hard", speed="4T"),
        "shared": Linear(model="shared"),
        "separate": Linear(model="separate"),
        "separate 3T": Linear(model="separate", speed="3T"),
    }
    return [Stage(label, replace(config, block=block), (0,)) for label, config in contenders.items()]


def _recovery() -> list[Stage]:
    """LS-1c: 200 seeds, each switch on the paper's problem, on a wider one, and on one that Hard solves."""
    problems = {"d=1": SATURATING, "d=5": replace(SATURATING, d_in=5, d_out=5), "5→1": replace(EXACT, hard_mean=2.0)}
    return [
        Stage(f"{model} {name}", replace(problem, model=model, steps=1000, every=1000, block=200), (0,))
        for name, problem in problems.items()
        for model in ("gated", "hard")
    ]
