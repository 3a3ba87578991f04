"""The runs of zhou/mask-zero: a search per mask-zero action, the mask by large final magnitude."""

from dataclasses import replace

from rewire.experiments.recipe import Stage
from rewire.experiments.zhou.shared.config import SEEDS, protocol

ZERO, FREEZE, VARIANT_1, VARIANT_2 = "zero", "freeze at init", "variant 1", "variant 2"
RANDOM, OPPOSITE = "variant 1, random zeros", "variant 1, the opposite"
# Stage → what pruned weights are frozen at, and what kept ones start from.
TREATMENTS = {
    ZERO: ("zero", "rewind"),
    FREEZE: ("freeze", "rewind"),
    VARIANT_1: ("freeze_risen", "rewind"),
    VARIANT_2: ("freeze_risen", "rewind_risen"),
    RANDOM: ("freeze_random", "rewind"),
    OPPOSITE: ("freeze_fallen", "rewind"),
}


def stages(budget: str) -> tuple[Stage, ...]:
    """Layers train sparse only where what is pruned is zero."""
    config = protocol(budget)
    return tuple(
        Stage(
            label,
            replace(config, mask_zero=zero, mask_one=one, sparse_below=config.sparse_below if label == ZERO else None),
            SEEDS[budget],
        )
        for label, (zero, one) in TREATMENTS.items()
    )
