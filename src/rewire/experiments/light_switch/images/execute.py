"""Which function runs which config of the image recipes; it loads no torch until it runs one."""

from rewire.experiments.light_switch.images.config import ImageConfig, MemoryConfig, TransformConfig
from rewire.experiments.recipe import Context


def execute(config: ImageConfig | TransformConfig | MemoryConfig, context: Context) -> None:
    """Run any of the three."""
    from rewire.experiments.light_switch.images import memory
    from rewire.experiments.light_switch.images import runs as image_runs

    if isinstance(config, MemoryConfig):
        memory.measure(config, context)
    elif isinstance(config, TransformConfig):
        image_runs.check_transforms(config, context)
    else:
        image_runs.train(config, context)
