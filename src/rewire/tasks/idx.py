"""Read IDX files, the format of MNIST and its successors: a typed header, then the array in C order."""

import gzip
import hashlib
import math
import struct
import zlib
from pathlib import Path

import numpy
import torch
from torch import Tensor

UNSIGNED_BYTES = 0x08


def read_idx(path: Path, sha256: str | None = None) -> Tensor:
    """Read an IDX file of unsigned bytes, gzipped or plain, as a uint8 tensor of the shape its header states.

    sha256: expected hex digest of the decompressed bytes; gzip containers of the same data differ, their payload does
    not. Raises FileNotFoundError, or ValueError naming the file for: damaged gzip, wrong magic number, fewer or more
    bytes than the header promises, wrong checksum. The format: http://yann.lecun.com/exdb/mnist (bottom of the page).

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "labels-idx1-ubyte")
    ...     _ = file.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3]) + bytes([7, 2, 1]))
    ...     read_idx(file)
    tensor([7, 2, 1], dtype=torch.uint8)
    """
    payload = _decompressed(Path(path))
    shape, start = _header(payload, path)
    expected, got = start + math.prod(shape), len(payload)
    if got != expected:
        problem = "is truncated" if got < expected else "has trailing bytes"
        raise ValueError(f"{path} {problem}: {expected} bytes expected, {got} found; fetch it again")
    verify_sha256(payload, sha256, path)
    array = numpy.frombuffer(payload, numpy.uint8, offset=start).reshape(shape)
    return torch.from_numpy(array.copy())  # bytes are read-only, tensors are not


def verify_sha256(payload: bytes, expected: str | None, path: Path) -> None:
    """Raise ValueError naming `path` when the payload's SHA-256 is not `expected` (None: anything goes)."""
    if expected is None:
        return
    got = hashlib.sha256(payload).hexdigest()
    if got != expected:
        raise ValueError(
            f"{path} has the wrong checksum: SHA-256 of the decompressed bytes must be {expected}, got {got}; "
            "fetch it again"
        )


def _decompressed(path: Path) -> bytes:
    raw = path.read_bytes()
    if raw[:2] != b"\x1f\x8b":  # no gzip signature: a plain file, whatever its name
        return raw
    try:
        return gzip.decompress(raw)
    except EOFError:
        raise ValueError(f"{path} is truncated: its gzip stream ends early; fetch it again") from None
    except (OSError, zlib.error) as error:
        raise ValueError(f"{path} is damaged: {error}; fetch it again") from None


def _header(payload: bytes, path: Path) -> tuple[tuple[int, ...], int]:
    """The shape, and where the data starts: two zero bytes, a type, the number of dimensions, then each, big-endian."""
    magic = payload[:4]
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] != UNSIGNED_BYTES or magic[3] == 0:
        raise ValueError(
            f"{path} has the wrong magic number: an IDX file of bytes starts with 00 00 08 and its dimensions, "
            f"got {magic.hex(' ') or 'an empty file'}"
        )
    start = 4 + 4 * magic[3]
    if len(payload) < start:
        raise ValueError(f"{path} is truncated: a header of {start} bytes expected, {len(payload)} found")
    return struct.unpack(f">{magic[3]}I", payload[4:start]), start
