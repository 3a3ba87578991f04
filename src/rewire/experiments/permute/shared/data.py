"""The examples of a training, and how they are changed on the way to the network."""

from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import torch
from torch import Tensor

from rewire.experiments.permute.shared.config import TrainConfig
from rewire.tasks import Images, Task, image_task, load_images
from rewire.tasks.task import Examples
from rewire.tasks.transforms import compose, normalise, rotate, shift, unit
from rewire.training.streams import derive


def load(config: TrainConfig, seed: int, data: Path | None = None, device: str = "cpu") -> Task:
    """The config's task, named as its dataset. Which images are left out, where any are, is the seed's."""
    images = _loaded(config.dataset, data, device)
    train, test = images.train, images.test
    if config.train_images:
        order = torch.randperm(len(train), generator=torch.Generator().manual_seed(derive(seed, "split")))
        train = train.subset(order[: config.train_images].to(train.targets.device))
    if config.test_images:
        test = test.subset(slice(0, config.test_images))
    transform = compose(unit, partial(normalise, **_scores(config.dataset, data, device))) if config.z_score else unit
    task = image_task(replace(images, train=train, test=test), config.dataset, transform)
    return replace(task, train=replace(task.train, augment=partial(_augment, config=config)))


def class_means(examples: Examples, classes: int = 10) -> Tensor:
    """The mean image of each class, [classes, pixels], as the network sees them."""
    each = (examples.subset(examples.targets == label)[:][0] for label in range(classes))
    return torch.stack([x.flatten(1).mean(0) for x in each])


def _augment(x: Tensor, generator: torch.Generator, *, config: TrainConfig) -> Tensor:
    if config.turn:
        x = rotate(x, config.turn, generator)
    return shift(x, round(config.shift * x.shape[-1]), generator) if config.shift else x


@cache  # a worker makes several runs; reading a dataset takes a second
def _loaded(dataset: str, data: Path | None, device: str) -> Images:
    return load_images(dataset, data, device)


@cache
def _scores(dataset: str, data: Path | None, device: str) -> dict[str, tuple[float, ...]]:
    """Mean and standard deviation of each channel over all training pixels, in [0, 1]."""
    pixels = _loaded(dataset, data, device).train.inputs
    shares = torch.stack([pixels[:, c].flatten().bincount(minlength=256) for c in range(pixels.shape[1])]).double()
    shares = shares / shares.sum(1, keepdim=True)
    values = torch.arange(256, device=shares.device) / 255
    mean = (shares * values).sum(1)
    variance = (shares * values.square()).sum(1) - mean.square()
    return {"mean": tuple(mean.tolist()), "std": tuple(variance.sqrt().tolist())}
