"""The task families of 3.5 by name, all seen through one dataset."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from rewire.errors import choice
from rewire.tasks import Images, Task, coloured, inverted, load_images, plain

PRIMARIES = {"red": (1, 0, 0), "green": (0, 1, 0), "blue": (0, 0, 1)}
# The colours of the authors' code; the third is white on white.
TOWARDS_WHITE = {"maroon": (0.5, 0, 0), "leaf": (0, 0.75, 0), "white": (1, 1, 1)}
# Backgrounds to train on, and others that no training sees: two more corners of the colour cube, two mixtures.
FIVE = {"black": (0, 0, 0), **PRIMARIES, "yellow": (1, 1, 0)}
UNSEEN = {"cyan": (0, 1, 1), "magenta": (1, 0, 1), "orange": (1, 0.5, 0), "purple": (0.5, 0, 0.5)}

FAMILIES: Mapping[str, Callable[[Images], list[Task]]] = {
    "black 1-channel": lambda images: [plain(images, "black", channels=1)],
    "black": lambda images: [plain(images, "black", channels=3)],
    "two black": lambda images: [plain(images, name, channels=3) for name in ("black A", "black B")],
    "primaries": lambda images: coloured(images, PRIMARIES),
    "black+red": lambda images: [plain(images, "black", channels=3), *coloured(images, {"red": PRIMARIES["red"]})],
    "white": lambda images: coloured(images, TOWARDS_WHITE),
    "inverse": lambda images: [plain(images, "black", channels=3), inverted(images, "inverse")],
    "five colours": lambda images: coloured(images, FIVE),
    "unseen colours": lambda images: coloured(images, UNSEEN),
}


def family(name: str, dataset: str, data: Path | None, device: str) -> list[Task]:
    """The tasks of a family, at 32×32. Raises ValueError, with the nearest name, for an unknown one."""
    if name not in FAMILIES:
        raise choice("family", FAMILIES, name)
    return FAMILIES[name](_loaded(dataset, data, device))


def thinned(task: Task, images: int) -> Task:
    """The task with about so many test images (0 for all), evenly spread, for the first half of MNIST's is easier."""
    stride = max(1, len(task.test) // images) if images else 1
    return replace(task, test=task.test.subset(slice(0, None, stride)))


@cache  # a worker makes dozens of short runs; reading MNIST again for each would be a tenth of its time
def _loaded(dataset: str, data: Path | None, device: str) -> Images:
    return load_images(dataset, data, device)
