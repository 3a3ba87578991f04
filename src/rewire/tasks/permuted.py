"""Permuted pixels: every task shows the same images, their pixels in another fixed order."""

from functools import partial

import torch

from rewire.tasks.images import Images, image_task
from rewire.tasks.task import Task
from rewire.tasks.transforms import compose, permute_pixels, unit


def permuted(images: Images, n: int, seed: int) -> list[Task]:
    """`n` tasks "permuted-0", "permuted-1", …, each with its own random pixel order; images keep their shape.

    The orders come from `seed` alone, and asking for more tasks leaves the first ones as they were. The same order
    holds for all channels, for training and for test. Raises ValueError when n < 1.

    >>> from rewire.tasks import load_images
    >>> [task.name for task in permuted(load_images("digits"), n=2, seed=0)]
    ['permuted-0', 'permuted-1']
    """
    if n < 1:
        raise ValueError(f"n must be at least 1 task; got {n}")
    inputs, generator = images.train.inputs, torch.Generator().manual_seed(seed)
    pixels = inputs.shape[-2] * inputs.shape[-1]
    orders = [torch.randperm(pixels, generator=generator).to(inputs.device) for _ in range(n)]
    return [
        image_task(images, f"permuted-{k}", compose(unit, partial(permute_pixels, permutation=order)))
        for k, order in enumerate(orders)
    ]
