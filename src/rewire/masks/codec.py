"""Entropy coding of boolean tensors: a sparse mask in little more than n·H(density) bits, by a range coder."""

import math
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

import numpy as np
import torch
from torch import Tensor

CHUNK = 1 << 20  # entries; the coder wants four bytes for each
WORD = np.dtype("<u4")


def entropy(size: int, kept: int) -> float:
    """n·H(k/n) in bits: what k of n entries on, each alike and by itself, cost at least.

    >>> entropy(8, 4), entropy(8, 8), round(entropy(1000, 50))
    (8.0, 0.0, 286)
    """
    counts = [count for count in (kept, size - kept) if count]
    return sum(count * math.log2(size / count) for count in counts)


def encode(mask: Tensor) -> Tensor:
    """A boolean mask as bytes (uint8, flat, on the CPU), about `entropy(size, kept)` bits rounded up to 32.

    Nothing is written for a mask all of whose entries are alike. Raises TypeError for other dtypes.

    >>> mask = torch.arange(3200).reshape(4, 800) % 100 == 0
    >>> encoded = encode(mask)
    >>> len(encoded), torch.equal(decode(encoded, (4, 800), kept=32), mask)
    (36, True)
    """
    if mask.dtype != torch.bool:
        raise TypeError(f"mask must be a boolean tensor; got {mask.dtype}: compare first, as in score > 0")
    flat = mask.detach().cpu().numpy().reshape(-1)
    size, kept = flat.size, int(np.count_nonzero(flat))
    if kept in (0, size):
        return torch.empty(0, dtype=torch.uint8)
    encoder, model = _stream().queue.RangeEncoder(), _model(size, kept)
    for part in _chunks(size):
        encoder.encode(flat[part].astype(np.int32), model)
    return torch.from_numpy(encoder.get_compressed().astype(WORD).view(np.uint8))


def decode(encoded: Tensor, shape: Sequence[int], kept: int) -> Tensor:
    """The boolean mask of that shape with `kept` entries on. Raises ValueError for bytes that do not encode one.

    The decoder makes some mask of nearly any bytes: a checksum beside them must tell whether it is the right one.
    """
    size = math.prod(shape)
    words = encoded.cpu().numpy()
    flawless = encoded.dtype == torch.uint8 and encoded.ndim == 1 and len(words) % WORD.itemsize == 0
    if not flawless or not 0 <= kept <= size or 8 * len(words) < entropy(size, kept) - 1:
        raise ValueError(
            f"encoded must be whole 32-bit words for {kept} of {size} entries; got {list(encoded.shape)} of "
            f"{encoded.dtype}: it is truncated or of another mask"
        )
    if kept in (0, size):
        return torch.full(tuple(shape), kept > 0)
    decoder = _stream().queue.RangeDecoder(words.view(WORD).astype(np.uint32))
    model, flat = _model(size, kept), np.empty(size, dtype=bool)
    for part in _chunks(size):
        flat[part] = decoder.decode(model, part.stop - part.start)
    if np.count_nonzero(flat) != kept:
        raise ValueError(
            f"encoded must hold {kept} entries that are on; got {np.count_nonzero(flat)}: it is of another mask"
        )
    return torch.from_numpy(flat).reshape(tuple(shape))


def _model(size: int, kept: int) -> Any:
    return _stream().model.Bernoulli(kept / size, perfect=False)  # written out, since its default changes


def _stream() -> Any:
    return import_module("constriction").stream  # its type stubs know no submodules


def _chunks(size: int) -> Iterator[slice]:
    return (slice(start, min(start + CHUNK, size)) for start in range(0, size, CHUNK))
