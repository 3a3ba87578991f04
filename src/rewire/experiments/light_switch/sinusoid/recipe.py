"""LS-3, §3.3: a gated network on tasks that share a sinusoid; what its masks become, and whether to regularise them."""

from rewire.errors import choice
from rewire.experiments.light_switch.sinusoid.claims import CLAIMS
from rewire.experiments.light_switch.sinusoid.figures import draw
from rewire.experiments.light_switch.sinusoid.stages import Config, stages
from rewire.experiments.recipe import Context, Recipe


def execute(config: Config, context: Context) -> None:
    """Train one network, or check the formulas."""
    from rewire.experiments.light_switch.sinusoid import runs

    problems = {"sinusoid": runs.train, "formulas": runs.formulas}
    if config.problem not in problems:
        raise choice("problem", problems, config.problem)
    problems[config.problem](config, context)


RECIPE = Recipe(
    id="light-switch/sinusoid",
    document="Like A Light Switch, Blum & Law 2020",
    figures=("Fig 2", "Fig 3", "Fig 4", "Fig 5"),
    summary="What becomes of the masks of a gated network on sinusoid tasks, and of regularising them",
    claims=CLAIMS,
    stages=stages,
    execute=execute,
    cost={"quick": 80.0, "full": 600.0},
    draw=draw,
)
