"""The runs of zhou/untrained: one dense training per seed, and every mask that it gives."""

from dataclasses import replace

from rewire.experiments.recipe import Stage
from rewire.experiments.zhou.shared.config import PROTOCOL, SEEDS

LABEL = "784-300-100-10"
# Three epochs, and every third of the paper's levels.
QUICK = replace(PROTOCOL, epochs=3, keep=0.8**3, output_keep=0.9**3, levels=7)


def stages(budget: str) -> tuple[Stage, ...]:
    """The config's `keep`, `output_keep` and `levels` are those of the masks, made in one shot each."""
    return (Stage(LABEL, PROTOCOL if budget == "full" else QUICK, SEEDS[budget]),)
