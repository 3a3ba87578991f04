"""The runs of LS-3: four networks on sinusoid tasks, regularised ones, and the formulas."""

from dataclasses import dataclass, replace

from rewire.experiments.recipe import Stage

PENALTIES = ("absolute", "gaussian")
WEIGHTS = (0.05, 0.2, 1.0)  # those of the authors' code


@dataclass(frozen=True)
class Config:
    """One run. The document gives no sizes for §3.3 but the clamp: the other defaults are assumed.

    problem: "sinusoid", or "formulas": the gradients of equations 4 and 5, and cosine tasks against shifted sines.
    penalty: "none", "absolute" (eq. 4) or "gaussian" (eq. 5), times `weight`, on the current task's scores.
    """

    problem: str = "sinusoid"
    model: str = "gated"
    penalty: str = "none"
    weight: float = 0.0
    tasks: int = 10
    features: int = 2
    hidden: int = 40
    train: int = 1000
    test: int = 300
    clamp: float = 10.0
    lr: float = 1e-3
    speed: str = "4T"
    batch_size: int = 32
    steps: int = 20_000
    snapshots: int = 20


def stages(budget: str) -> tuple[Stage, ...]:
    """Four networks, then the regularisers; quick runs are a fifth as long, its regularisers' shorter still."""
    base = Config() if budget == "full" else Config(steps=4000)
    penalised = base if budget == "full" else replace(base, steps=1200)
    return (
        Stage("formulas", Config(problem="formulas", steps=200), (0, 1, 2)),
        Stage("gated", base, (0, 1, 2, 3, 4)),
        Stage("hard", replace(base, model="hard"), (0, 1, 2, 3, 4)),
        Stage("shared", replace(base, model="shared"), (0, 1, 2, 3, 4)),
        Stage("separate", replace(base, model="separate", speed="1"), (0, 1, 2, 3, 4)),
        Stage("none", penalised, (0, 1, 2)),
        *(
            Stage(f"{penalty} {weight:g}", replace(penalised, penalty=penalty, weight=weight), (0, 1, 2))
            for penalty in PENALTIES
            for weight in WEIGHTS
        ),
    )
