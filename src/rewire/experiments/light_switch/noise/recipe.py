"""Noisy linear tasks (LS 3.2, Fig 1): few noisy points per task favour shared values; much noise misleads masks."""

from pathlib import Path

from rewire.experiments.claim import Claim
from rewire.experiments.light_switch.linear.config import Linear
from rewire.experiments.light_switch.noise.claims import gated_is_best, noise_misleads
from rewire.experiments.light_switch.noise.stages import stages
from rewire.experiments.recipe import Context, Recipe
from rewire.figures import Figure
from rewire.runs import Records


def execute(config: Linear, context: Context) -> None:
    from rewire.experiments.light_switch.linear.runs import train_and_measure

    train_and_measure(config, context)


def draw(records: Records, directory: Path) -> list[Figure]:
    from rewire.experiments.light_switch.noise.figures import figure_1, sweep

    return [figure_1(records), sweep(records)]


CLAIMS = (
    Claim(
        id="LS-2a",
        statement="on few noisy points the gated network is best, separate ones are competitive, all errors stay high",
        paper="gated best",
        where="3.2, Fig 1",
        measure=gated_is_best,
        quantity="test error, gated, 10 tasks",
    ),
    Claim(
        id="LS-2b",
        statement="much noise leaves masks stuck at the wrong value, and the other networks do very poorly too",
        paper="stuck; poor",
        where="3.2",
        measure=noise_misleads,
        scaled=frozenset({"quick"}),
        quantity="share of masks wrong at σ = 3",
    ),
)

RECIPE = Recipe(
    id="light-switch/noise",
    document="Like A Light Switch, Blum & Law 2020",
    figures=("Fig 1",),
    summary="few noisy points per task: who generalises, and when masks go wrong; runs hold 10 seeds in lockstep",
    claims=CLAIMS,
    stages=stages,
    execute=execute,
    cost={"quick": 98, "full": 290},
    draw=draw,
)
