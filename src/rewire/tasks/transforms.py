"""Image transforms as pure functions on batches [N, C, H, W], on whatever device the batch is.

The random ones (rotate, shift, flip, crop) draw from a CPU `torch.Generator`, so that a seed means the same images on
every device; their draws are one per image.
"""

import math
from collections.abc import Callable, Sequence
from functools import reduce

import torch
from torch import Tensor
from torch.nn import functional as F


def compose(*transforms: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """One transform that applies the given ones from left to right; none gives the identity.

    >>> compose(lambda x: x + 1, lambda x: 2 * x)(torch.tensor(1)).item()
    4
    """
    return lambda x: reduce(lambda value, transform: transform(value), transforms, x)


def unit(x: Tensor) -> Tensor:
    """Pixels uint8 0..255 → [0, 1] in the default float type. Raises TypeError when x is not uint8.

    >>> unit(torch.tensor([0, 51, 255], dtype=torch.uint8))
    tensor([0.0000, 0.2000, 1.0000])
    """
    if x.dtype != torch.uint8:
        raise TypeError(f"x must be uint8 pixels 0..255; got {x.dtype}: apply unit once, first")
    return x / 255


def resize(x: Tensor, size: int) -> Tensor:
    """Bilinear resize of a float batch to size×size, corners not aligned; unchanged if it has that size already.

    >>> resize(torch.rand(2, 1, 28, 28), 32).shape
    torch.Size([2, 1, 32, 32])
    """
    if x.shape[-2:] == (size, size):
        return x
    return F.interpolate(x, size=(size, size), mode="bilinear", align_corners=False)


def pad(x: Tensor, width: int) -> Tensor:
    """Zeros `width` wide on all four sides.

    >>> pad(torch.rand(2, 1, 28, 28), 2).shape
    torch.Size([2, 1, 32, 32])
    """
    return F.pad(x, (width,) * 4)


def repeat_channels(x: Tensor, channels: int) -> Tensor:
    """One channel shown `channels` times (a view); unchanged if it has that many. Raises ValueError otherwise.

    >>> repeat_channels(torch.rand(2, 1, 8, 8), 3).shape
    torch.Size([2, 3, 8, 8])
    """
    if x.shape[1] not in (1, channels):
        raise ValueError(f"channels must be {x.shape[1]} for a batch of {x.shape[1]} channels; got {channels}")
    return x.expand(-1, channels, -1, -1)


def colour(x: Tensor, rgb: Sequence[float]) -> Tensor:
    """White ink on a background of colour c: x + (1 − x)·c (Blum & Law 2020, 3.4).

    x: [N, 1 or 3, H, W] in [0, 1], 1 is ink; rgb: one c in [0, 1] per output channel. Where c is 1, the channel is 1
    everywhere and says nothing; (0, 0, 0) leaves the digit as it is.

    >>> colour(torch.tensor([[[[0.25]]]]), (1, 0, 0.5)).flatten()
    tensor([1.0000, 0.2500, 0.6250])
    """
    return x + (1 - x) * _per_channel(rgb, x)


def invert(x: Tensor, rgb: Sequence[float]) -> Tensor:
    """Ink of colour c on a white background: x·c + (1 − x) (Blum & Law 2020, 3.4). Shapes as for `colour`.

    >>> invert(torch.tensor([[[[0.25]]]]), (0, 1, 0.5)).flatten()
    tensor([0.7500, 1.0000, 0.8750])
    """
    return x * _per_channel(rgb, x) + (1 - x)


def normalise(x: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """(x − mean) / std, one mean and one std per channel.

    >>> normalise(torch.ones(1, 1, 1, 1), [0.5], [0.25]).item()
    2.0
    """
    return (x - _per_channel(mean, x)) / _per_channel(std, x)


def permute_pixels(x: Tensor, permutation: Tensor) -> Tensor:
    """Pixel i of the result is pixel permutation[i] of x, counted row by row, the same in every image and channel.

    permutation: LongTensor [H·W] on x's device. Raises ValueError when it has another length.

    >>> permute_pixels(torch.tensor([[[[10, 11], [12, 13]]]]), torch.tensor([3, 2, 1, 0])).tolist()
    [[[[13, 12], [11, 10]]]]
    """
    pixels = x.flatten(-2)
    if permutation.shape != pixels.shape[-1:]:
        raise ValueError(f"permutation must have {pixels.shape[-1]} elements; got shape {list(permutation.shape)}")
    return pixels[..., permutation].view(x.shape)


def rotate(x: Tensor, degrees: float, generator: torch.Generator) -> Tensor:
    """Each image turned by its own angle, uniform in [−degrees, degrees]; see `rotate_by`."""
    turns = torch.rand(len(x), generator=generator) * 2 - 1
    return rotate_by(x, turns * degrees)


def rotate_by(x: Tensor, degrees: Tensor) -> Tensor:
    """Each float image turned counter-clockwise about its centre by its own angle: bilinear, zeros from outside.

    degrees: [N], on any device.

    >>> rotate_by(torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), torch.tensor([90.0])).round().tolist()
    [[[[2.0, 4.0], [1.0, 3.0]]]]
    """
    height, width = x.shape[-2:]
    angle = degrees.to(x) * (math.pi / 180)
    cos, sin, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
    # The grid's coordinates run from −1 to 1 on both axes, hence the aspect ratio.
    rows = [cos, -sin * height / width, zero, sin * width / height, cos, zero]
    grid = F.affine_grid(torch.stack(rows, 1).view(-1, 2, 3), list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, align_corners=False)


def crop(x: Tensor, size: int, generator: torch.Generator, padding: int = 0) -> Tensor:
    """A random size×size window of each image, after `padding` zeros on all sides; every position equally likely.

    Raises ValueError when the padded image is smaller than `size`.

    >>> crop(torch.rand(5, 3, 32, 32), 32, torch.Generator().manual_seed(0), padding=4).shape
    torch.Size([5, 3, 32, 32])
    """
    padded = pad(x, padding)
    height, width = padded.shape[-2:]
    if min(height, width) < size:
        raise ValueError(f"size must be at most {min(height, width)}, the padded image; got {size}: raise padding")
    top = torch.randint(height - size + 1, (len(x), 1), generator=generator)
    left = torch.randint(width - size + 1, (len(x), 1), generator=generator)
    rows, columns = ((start + torch.arange(size)).to(x.device) for start in (top, left))
    image = torch.arange(len(x), device=x.device).view(-1, 1, 1, 1)
    channel = torch.arange(x.shape[1], device=x.device).view(-1, 1, 1)
    return padded[image, channel, rows[:, None, :, None], columns[:, None, None, :]]


def shift(x: Tensor, pixels: int, generator: torch.Generator) -> Tensor:
    """Each square image moved by up to `pixels` rows and columns, uniform, zeros moving in.

    >>> shift(torch.rand(5, 1, 28, 28), 2, torch.Generator().manual_seed(0)).shape
    torch.Size([5, 1, 28, 28])
    """
    return crop(x, x.shape[-1], generator, padding=pixels)


def flip(x: Tensor, generator: torch.Generator, probability: float = 0.5) -> Tensor:
    """Each image mirrored left to right with the given probability.

    >>> flip(torch.tensor([[[[1, 2, 3]]]]), torch.Generator(), probability=1.0).flatten().tolist()
    [3, 2, 1]
    """
    mirrored = torch.rand(len(x), generator=generator) < probability
    return torch.where(mirrored.to(x.device).view(-1, 1, 1, 1), x.flip(-1), x)


def _per_channel(numbers: Sequence[float], x: Tensor) -> Tensor:
    return x.new_tensor(numbers).view(-1, 1, 1)
