"""Boolean masks as bits: eight entries to a byte, the first in the highest bit."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


def pack(mask: Tensor) -> Tensor:
    """A boolean mask as ⌈n/8⌉ bytes (uint8, flat, on the CPU); the last byte is filled with zeros.

    >>> pack(torch.tensor([True, False, True]))
    tensor([160], dtype=torch.uint8)
    """
    if mask.dtype != torch.bool:
        raise TypeError(f"mask must be a boolean tensor; got {mask.dtype}: compare first, as in score > 0")
    return torch.from_numpy(np.packbits(mask.detach().cpu().numpy().reshape(-1)))


def unpack(packed: Tensor, shape: Sequence[int]) -> Tensor:
    """The boolean mask of that shape. Raises ValueError for a wrong number of bytes or stray bits after the last.

    >>> unpack(torch.tensor([160], dtype=torch.uint8), (3, 1)).flatten()
    tensor([ True, False,  True])
    """
    size = math.prod(shape)
    if packed.dtype != torch.uint8 or packed.shape != (-(-size // 8),):
        raise ValueError(
            f"packed must be {-(-size // 8)} bytes for shape {list(shape)}; got {list(packed.shape)} of {packed.dtype}"
        )
    bits = np.unpackbits(packed.cpu().numpy())
    if bits[size:].any():
        raise ValueError(
            f"packed must end in zero bits after entry {size}; got stray bits: the mask is of another shape"
        )
    return torch.from_numpy(bits[:size].astype(bool)).reshape(tuple(shape))
