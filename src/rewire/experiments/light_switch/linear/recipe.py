"""Linear tasks without noise (LS 3.1): how fast the light switch learns, and whether it finds the true wiring."""

from pathlib import Path

from rewire.experiments.claim import Claim
from rewire.experiments.light_switch.linear.claims import (
    determined_is_learnt,
    gated_is_slower,
    recovers_exactly,
    speed_up_helps,
)
from rewire.experiments.light_switch.linear.config import Linear
from rewire.experiments.light_switch.linear.stages import stages
from rewire.experiments.recipe import Context, Recipe
from rewire.figures import Figure
from rewire.runs import Records


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
        quantity="steps, gated ÷ separate",
    ),
    Claim(
        id="LS-1b",
        statement="a higher learning rate for the masks largely alleviates the slowness",
        paper="largely",
        where="3.1",
        measure=speed_up_helps,
        quantity="share of the gap left",
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
        quantity="test error",
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
