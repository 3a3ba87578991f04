"""Entropy coding of boolean tensors: a sparse mask in little more than n·H(density) bits, by an ANS coder."""

import math
from collections.abc import Sequence
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
    """A boolean mask as bytes (uint8, flat, on the CPU), about `entropy(size, kept)` bits and 4 bytes.

    Less where the mask ends in a run of zeros, which an empty coder takes for nothing.
    Nothing is written for a mask all of whose entries are alike. Raises TypeError for other dtypes.

    >>> mask = torch.arange(3200).reshape(4, 800) % 100 == 0
    >>> encoded = encode(mask)
    >>> len(encoded), torch.equal(decode(encoded, (4, 800), kept=32), mask)
    (35, True)
    """
    if mask.dtype != torch.bool:
        raise TypeError(f"mask must be a boolean tensor; got {mask.dtype}: compare first, as in score > 0")
    flat = mask.detach().cpu().numpy().reshape(-1)
    size, kept = flat.size, int(np.count_nonzero(flat))
    if kept in (0, size):
        return torch.empty(0, dtype=torch.uint8)
    coder, model = _stream().stack.AnsCoder(), _model(size, kept)
    for part in reversed(_chunks(size)):  # what went in last comes out first
        coder.encode_reverse(flat[part].astype(np.int32), model)
    encoded = coder.get_compressed().astype(WORD).tobytes().rstrip(b"\0")  # its last word is never zero
    return torch.from_numpy(np.frombuffer(encoded, dtype=np.uint8).copy())


def decode(encoded: Tensor, shape: Sequence[int], kept: int) -> Tensor:
    """The boolean mask of that shape with `kept` entries on. Raises ValueError for bytes that do not encode one.

    The decoder makes some mask of nearly any bytes: a checksum beside them must tell whether it is the right one.
    """
    size = math.prod(shape)
    if encoded.dtype != torch.uint8 or encoded.ndim != 1 or not 0 <= kept <= size:
        raise ValueError(
            f"encoded must be bytes of a mask with {kept} of {size} entries on; got {list(encoded.shape)} of "
            f"{encoded.dtype}"
        )
    if kept in (0, size) and not len(encoded):
        return torch.full(tuple(shape), kept > 0)
    words = encoded.cpu().numpy().tobytes()
    if not 0 < kept < size:
        raise _another(size, kept)
    model, flat = _model(size, kept), np.empty(size, dtype=bool)
    try:
        padded = np.frombuffer(words + bytes(-len(words) % WORD.itemsize), dtype=WORD)
        coder = _stream().stack.AnsCoder(padded.astype(np.uint32))
        for part in _chunks(size):
            flat[part] = coder.decode(model, part.stop - part.start)
        whole = coder.is_empty()
    except ValueError:  # words that no coder ends in
        whole = False
    if not whole or np.count_nonzero(flat) != kept:
        raise _another(size, kept)
    return torch.from_numpy(flat).reshape(tuple(shape))


def _another(size: int, kept: int) -> ValueError:
    return ValueError(f"encoded must be of a mask with {kept} of {size} entries on; it is of another, or damaged")


def _model(size: int, kept: int) -> Any:
    return _stream().model.Bernoulli(kept / size, perfect=False)  # written out, since its default changes


def _stream() -> Any:
    return import_module("constriction").stream  # its type stubs know no submodules


def _chunks(size: int) -> list[slice]:
    return [slice(start, min(start + CHUNK, size)) for start in range(0, size, CHUNK)]
