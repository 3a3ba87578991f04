"""The runs of LS-2: Fig 1's two settings, and the sweep of the noise."""

from dataclasses import replace

from rewire.experiments.light_switch.linear.config import Linear
from rewire.experiments.recipe import Stage

# The authors' two committed settings of Fig 1 (commits 564f913 and 541940a); the same learning rates in both.
_FIGURE = Linear(d_in=10, d_out=10, noise=0.4, lr=3e-5, steps=100_000, every=1000)
SETTINGS = {
    "T=10": replace(_FIGURE, tasks=10, n_train=32, batch_size=16),
    "T=50": replace(_FIGURE, tasks=50, n_train=10, batch_size=10),
}
# "separate 3T" is the authors' code, where all its parameters belong to tasks and learn at 3·T·lr.
CONTENDERS = {
    "gated": {"model": "gated", "speed": "3T"},
    "hard": {"model": "hard", "speed": "3T"},
    "shared": {"model": "shared"},
    "separate 3T": {"model": "separate", "speed": "3T"},
    "separate": {"model": "separate"},
}
# One that torch 1.6's zero_grad touches, in the setting where it costs least.
ARTEFACTS = {
    "gated, zero_grad": {"model": "gated", "speed": "3T", "zero_grads": True},
    "separate 3T, zero_grad": {"model": "separate", "speed": "3T", "zero_grads": True},
}
SIGMAS = {"quick": (0.1, 0.4, 1.0, 3.0), "full": (0.1, 0.2, 0.4, 0.8, 1.5, 3.0)}


def stages(budget: str) -> tuple[Stage, ...]:
    """Fig 1 is the whole protocol in both budgets; the sweep of σ is shorter, at a higher rate, in `quick`."""
    figure = [
        Stage(f"{setting} {label}", replace(config, **changes), (0,))
        for setting, config in SETTINGS.items()
        for label, changes in (CONTENDERS | (ARTEFACTS if setting == "T=10" and budget == "full" else {})).items()
    ]
    return (*figure, *_sweep(budget))


def _sweep(budget: str) -> list[Stage]:
    base = SETTINGS["T=10"] if budget == "full" else replace(SETTINGS["T=10"], lr=3e-4, steps=10_000)
    return [
        Stage(f"σ={sigma:g} {label}", replace(base, noise=sigma, **CONTENDERS[label]), (0,))
        for sigma in SIGMAS[budget]
        for label in ("gated", "hard", "shared", "separate 3T")
    ]
