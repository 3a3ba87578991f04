"""LS-0b, §2.1: what a training step costs with gates, without them, and with second-order MAML."""

from rewire.experiments.light_switch.cost.claims import CLAIMS
from rewire.experiments.light_switch.cost.figures import draw
from rewire.experiments.light_switch.cost.stages import Config, stages
from rewire.experiments.recipe import Context, Recipe


def execute(config: Config, context: Context) -> None:
    """Time steps, or train the comparator."""
    from rewire.experiments.light_switch.cost import runs

    (runs.train_maml if config.measure == "maml" else runs.time_steps)(config, context)


RECIPE = Recipe(
    id="light-switch/cost",
    document="Like A Light Switch, Blum & Law 2020",
    figures=(),
    summary="The cost of a training step: gated, plain, and second-order MAML on the same network",
    claims=CLAIMS,
    stages=stages,
    execute=execute,
    cost={"quick": 25.0, "full": 150.0},
    draw=draw,
)
