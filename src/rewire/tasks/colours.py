"""Coloured digits: the tasks of Like A Light Switch (Blum & Law 2020), 3.4 and 3.5. All see one shared dataset."""

from collections.abc import Mapping, Sequence
from functools import partial

from rewire.tasks.images import Images, image_task
from rewire.tasks.task import Task, Transform
from rewire.tasks.transforms import colour, compose, invert, repeat_channels, resize, unit

RGB = Sequence[float]


def plain(images: Images, name: str = "black", channels: int = 1, size: int = 32) -> Task:
    """The images as they are, white ink on black: [N, channels, size, size] in [0, 1].

    channels: as many as the images have, or 3 to show one channel three times.

    >>> from rewire.tasks import load_images
    >>> x, y = plain(load_images("digits"), channels=3).test[:2]
    >>> x.shape, y
    (torch.Size([2, 3, 32, 32]), tensor([5, 0]))
    """
    return image_task(images, name, compose(_scaled(size), partial(repeat_channels, channels=channels)))


def coloured(images: Images, colours: Mapping[str, RGB], size: int = 32) -> list[Task]:
    """One task per colour, named by its key: white ink on that background, x + (1 − x)·c, [N, 3, size, size].

    colours: name → (red, green, blue), each in [0, 1]; ValueError otherwise.

    >>> from rewire.tasks import load_images
    >>> red, green = coloured(load_images("digits"), {"red": (1, 0, 0), "green": (0, 1, 0)})
    >>> red.name, red.train.inputs is green.train.inputs, red.train[:4][0][:, 0].unique()
    ('red', True, tensor([1.]))
    """
    return [
        image_task(images, name, compose(_scaled(size), partial(colour, rgb=_checked(name, rgb))))
        for name, rgb in colours.items()
    ]


def inverted(images: Images, name: str = "inverse", rgb: RGB = (0, 0, 0), size: int = 32) -> Task:
    """Ink of colour `rgb` on white, x·c + (1 − x), [N, 3, size, size]; the default is black ink.

    >>> from rewire.tasks import load_images
    >>> inverted(load_images("digits")).test[:1][0][0, :, 0, 0]
    tensor([1., 1., 1.])
    """
    return image_task(images, name, compose(_scaled(size), partial(invert, rgb=_checked(name, rgb))))


def _scaled(size: int) -> Transform:
    return compose(unit, partial(resize, size=size))


def _checked(name: str, rgb: RGB) -> RGB:
    try:
        channels = [float(c) for c in rgb]
    except (TypeError, ValueError):  # a number, or a colour's name
        channels = []
    if len(channels) != 3 or not all(0 <= c <= 1 for c in channels):
        raise ValueError(f"rgb of {name!r} must be three numbers in [0, 1]; got {rgb!r}: divide 0..255 by 255")
    return rgb
