"""Tasks that are parts of one dataset: random halves, and chosen labels. Parts share the dataset's inputs."""

from collections.abc import Iterable
from dataclasses import replace

import torch

from rewire.tasks.images import Images, image_task
from rewire.tasks.task import Examples, Task, Transform
from rewire.tasks.transforms import unit


def halves(images: Images, generator: torch.Generator, transform: Transform = unit) -> tuple[Task, Task]:
    """Two tasks, "first" and "second", on disjoint random halves of the training images; the test set is whole.

    With an odd number of images the second half has one more.

    >>> from rewire.tasks import load_images
    >>> first, second = halves(load_images("digits"), torch.Generator().manual_seed(0))
    >>> len(first.train), len(second.train), len(first.test) == len(second.test) == 355
    (721, 721, True)
    """
    order = torch.randperm(len(images.train), generator=generator).to(images.train.targets.device)
    middle = len(order) // 2
    first, second = (
        image_task(replace(images, train=images.train.subset(rows)), name, transform)
        for name, rows in (("first", order[:middle]), ("second", order[middle:]))
    )
    return first, second


def labels(images: Images, name: str, digits: Iterable[int], transform: Transform = unit) -> Task:
    """The task on the chosen classes only, in training and in test; targets keep their numbers.

    digits: class labels in 0..classes-1, at least one; ValueError otherwise.

    >>> from rewire.tasks import load_images
    >>> labels(load_images("digits"), "low", [0, 1]).test.targets.unique()
    tensor([0, 1])
    """
    wanted = sorted(set(digits))
    if not wanted or not all(0 <= digit < images.classes for digit in wanted):
        raise ValueError(f"digits must be one or more labels in 0..{images.classes - 1}; got {wanted}")

    def chosen(examples: Examples) -> Examples:
        return examples.subset(torch.isin(examples.targets, torch.tensor(wanted, device=examples.targets.device)))

    return image_task(replace(images, train=chosen(images.train), test=chosen(images.test)), name, transform)
