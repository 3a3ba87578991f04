"""Turned images: every task shows the same images, all of them turned by one angle of its own."""

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from rewire.tasks.images import Images, image_task
from rewire.tasks.task import Task
from rewire.tasks.transforms import compose, rotate_by, unit


def rotated(images: Images, degrees: Sequence[float]) -> list[Task]:
    """A task "rotated-10", … for each angle, in degrees counter-clockwise: bilinear, zeros from outside.

    RotatedMNIST of Wortsman et al. 2020 is `rotated(images, range(0, 360, 10))`. Raises ValueError for no angle, one
    that is not finite, or two that are the same turn.

    >>> from rewire.tasks import load_images
    >>> [task.name for task in rotated(load_images("digits"), [0, 22.5])]
    ['rotated-0', 'rotated-22.5']
    """
    turns = [float(angle) % 360 for angle in degrees]
    if not turns or len(set(turns)) < len(turns) or not all(turn < 360 for turn in turns):
        raise ValueError(f"degrees must be one or more finite angles, no two the same turn; got {list(degrees)}")
    return [
        image_task(images, f"rotated-{angle:.6g}", compose(unit, partial(_turned, degrees=float(angle))))
        for angle in degrees
    ]


def _turned(x: Tensor, degrees: float) -> Tensor:
    return rotate_by(x, torch.full((len(x),), degrees)) if degrees % 360 else x
