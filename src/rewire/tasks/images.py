"""Load an image dataset whole, as uint8 tensors on the device, and make tasks that look at it."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from rewire.errors import choice
from rewire.tasks.cifar import read_cifar10
from rewire.tasks.digits import read_digits
from rewire.tasks.idx import read_idx
from rewire.tasks.mirrors import CIFAR10, FASHION_MNIST, MNIST, Published
from rewire.tasks.sources import find, find_file
from rewire.tasks.task import Examples, Task, Transform

Arrays = tuple[Tensor, Tensor]


@dataclass(frozen=True, eq=False)
class Images:
    """A dataset before it becomes a task: raw uint8 images [N, C, H, W] and int64 labels [N] in 0..classes-1."""

    name: str
    train: Examples
    test: Examples
    classes: int


def load_images(name: str, data: str | os.PathLike[str] | None = None, device: torch.device | str = "cpu") -> Images:
    """Load "mnist", "fashion-mnist" (1×28×28), "cifar-10" (3×32×32) or "digits" (1×8×8), 10 classes each.

    data: a directory with mnist/, fashion-mnist/, cifar-10-batches-bin/; default $REWIRE_DATA, else the files are
    downloaded into the user's cache. "digits" comes with scikit-learn and needs neither; see `read_digits` for its
    split. Files are checked (sizes, labels, SHA-256 of the decompressed bytes where copies agree). Raises ValueError
    for an unknown name or a damaged file, FileNotFoundError for a missing one, ConnectionError without network, OSError
    when the cache cannot be written.

    >>> images = load_images("digits")
    >>> images.train.inputs.shape, images.train.inputs.dtype, len(images.test), images.classes
    (torch.Size([1442, 1, 8, 8]), torch.uint8, 355, 10)
    """
    readers = _readers()
    if name not in readers:
        raise choice("name", readers, name)
    train, test = readers[name](None if data is None else Path(data))
    return Images(name, *(Examples(x.to(device), y.to(device)) for x, y in (train, test)), classes=10)


def image_task(images: Images, name: str, transform: Transform) -> Task:
    """A classification task that sees the dataset through `transform`; the tensors are shared, not copied.

    >>> images = load_images("digits")
    >>> task = image_task(images, "bright", lambda x: x / 255)
    >>> task.train.inputs is images.train.inputs
    True
    """
    return Task(name, images.train.with_transform(transform), images.test.with_transform(transform))


def _readers() -> dict[str, Callable[[Path | None], tuple[Arrays, Arrays]]]:
    return {
        "mnist": lambda data: _read_idx_folder(MNIST, find(MNIST, data)),
        "fashion-mnist": lambda data: _read_idx_folder(FASHION_MNIST, find(FASHION_MNIST, data)),
        "cifar-10": lambda data: _read_cifar10_folder(find(CIFAR10, data)),
        "digits": lambda data: read_digits(),
    }


def _read_idx_folder(published: Published, folder: Path) -> tuple[Arrays, Arrays]:
    arrays = [read_idx(find_file(folder, name), file.sha256) for name, file in published.files.items()]
    train_images, train_labels, test_images, test_labels = arrays
    return (train_images.unsqueeze(1), train_labels.long()), (test_images.unsqueeze(1), test_labels.long())


def _read_cifar10_folder(folder: Path) -> tuple[Arrays, Arrays]:
    batches = [read_cifar10(find_file(folder, f"data_batch_{k}.bin")) for k in range(1, 6)]
    images, labels = (torch.cat(parts) for parts in zip(*batches, strict=True))
    return (images, labels), read_cifar10(find_file(folder, "test_batch.bin"))
