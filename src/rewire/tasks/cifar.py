"""Read CIFAR-10 in its binary layout: records of one label byte and 3 × 32 × 32 pixels, channel by channel."""

from pathlib import Path

import numpy
import torch
from torch import Tensor

CLASSES = 10
SHAPE = (3, 32, 32)
RECORD = 1 + 3 * 32 * 32
RECORDS_PER_FILE = 10_000


def read_cifar10(path: Path, records: int = RECORDS_PER_FILE) -> tuple[Tensor, Tensor]:
    """Read one batch file: images uint8 [records, 3, 32, 32] and labels int64 [records] in 0..9.

    Copies of CIFAR-10 differ in their bytes (order, recompressed pixels), so the size and the labels are checked and
    no checksum is. Raises FileNotFoundError, or ValueError naming the file. Layout:
    https://www.cs.toronto.edu/~kriz/cifar.html, "Binary version".

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "data_batch_1.bin")
    ...     _ = file.write_bytes(bytes([3]) + bytes(3072))
    ...     images, labels = read_cifar10(file, records=1)
    >>> images.shape, labels
    (torch.Size([1, 3, 32, 32]), tensor([3]))
    """
    raw = Path(path).read_bytes()
    if len(raw) != records * RECORD:
        problem = "is truncated" if len(raw) < records * RECORD else "has trailing bytes"
        raise ValueError(f"{path} {problem}: {records * RECORD} bytes expected, {len(raw)} found; fetch it again")
    table = numpy.frombuffer(raw, numpy.uint8).reshape(records, RECORD)
    labels = torch.from_numpy(table[:, 0].astype(numpy.int64))
    if records and int(labels.max()) >= CLASSES:
        raise ValueError(f"{path} is not CIFAR-10: labels must be in 0..9, got {int(labels.max())}; fetch it again")
    return torch.from_numpy(table[:, 1:].reshape(records, *SHAPE).copy()), labels
