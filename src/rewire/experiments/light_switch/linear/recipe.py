"""Linear tasks without noise (LS 3.1): how fast the light switch learns, and whether it finds the true wiring."""

from dataclasses import replace
from pathlib import Path

from rewire.experiments.claim import Claim
from rewire.experiments.light_switch.linear.claims import (
    determined_is_learnt,
    gated_is_slower,
    recovers_exactly,
    speed_up_helps,
)
from rewire.experiments.light_switch.linear.config import Linear
from rewire.experiments.recipe import Context, Recipe, Stage
from rewire.figures import Figure
from rewire.runs import Records

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


def execute(config: Linear, context: Context) -> None:
    from rewire.experiments.light_switch.linear.runs import train_and_measure

    train_and_measure(config, context)


def draw(records: Records, directory: Path) -> list[Figure]:
    from rewire.experiments.light_switch.linear.figures import learning, recovered

    return [learning(records), recovered(records)]


CLAIMS = (
    Claim(
        id="LS-1a",
        statement="the gated network learns more slowly than separate ones; both losses go to about 0",
        paper="slower; ≈ 0",
        where="3.1",
        measure=gated_is_slower,
    ),
    Claim(
        id="LS-1b",
        statement="a higher learning rate for the masks largely alleviates the slowness",
        paper="largely",
        where="3.1",
        measure=speed_up_helps,
    ),
    Claim(
        id="LS-1c",
        statement="values within 1e-8 and masks within 1e-14 of the truth after 1000 steps",
        paper="1e-8, 1e-14",
        where="3.1",
        measure=recovers_exactly,
        artefact=True,
    ),
    Claim(
        id="LS-1d",
        statement="without noise, d + 1 points are perfectly learnable by separate networks",
        paper="perfectly",
        where="3.2",
        measure=determined_is_learnt,
    ),
)

RECIPE = Recipe(
    id="light-switch/linear",
    document="Like A Light Switch, Blum & Law 2020",
    figures=(),
    summary="speed and exactness of learning masked linear maps without noise; runs hold blocks of seeds in lockstep",
    claims=CLAIMS,
    stages=stages,
    execute=execute,
    cost={"quick": 72, "full": 100},
    draw=draw,
)
