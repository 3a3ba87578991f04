"""Files that are either the old version or the new one, never a half of each: temporary name, fsync, rename."""

import fcntl
import json
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

TEMPORARY = ".tmp"


def write_atomic(path: Path, content: bytes | Iterable[Any]) -> None:
    """Replace the file at `path` by `content`, so that a kill or a power cut leaves the old file or the new one.

    content: bytes, or an iterable of bytes-like parts, written one after the other.

    Raises OSError (naming the file) when the folder is missing, unwritable or full.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}{TEMPORARY}")
    try:
        with temporary.open("wb") as file:
            for part in [content] if isinstance(content, bytes) else content:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:  # a full disk's error names no file, the others a temporary one
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    _sync_directory(path.parent)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, atomically."""
    write_atomic(path, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode())


def read_json(path: Path) -> Any:
    """Read a JSON file. Raises FileNotFoundError, or ValueError naming the file and line when it is not JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # not JSON, not text, a number of 5000 digits, lists in lists in ...
        raise ValueError(f"{path} must be JSON; got {error}; delete it or restore a copy") from None


def write_tensors(path: Path, tensors: "Mapping[str, Tensor]", metadata: Mapping[str, str] | None = None) -> None:
    """Write named tensors (any device, any strides) with text metadata as one safetensors file, atomically."""
    from rewire.tensor_file import parts

    write_atomic(path, parts(tensors, metadata))


def tensors_to_bytes(tensors: "Mapping[str, Tensor]", metadata: Mapping[str, str] | None = None) -> bytes:
    """Named tensors (any device, any strides) with text metadata as the bytes of a safetensors file."""
    from rewire.tensor_file import parts

    return b"".join(parts(tensors, metadata))


def tensors_from_bytes(content: bytes, path: Path) -> "dict[str, Tensor]":
    """What `tensors_to_bytes` was given. Raises ValueError naming `path`, where they stood, for damaged bytes."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        return load(content)
    except SafetensorError as error:
        raise _damaged(path, error) from None


def read_tensors(path: Path, device: str = "cpu") -> "tuple[dict[str, Tensor], dict[str, str]]":
    """Read a safetensors file as (tensors, metadata). Raises FileNotFoundError, or ValueError when it is damaged."""
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise FileNotFoundError(f"{path} must be a safetensors file; got nothing at that path")
    try:
        with safe_open(path, framework="pt", device=device) as file:
            return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except SafetensorError as error:
        raise _damaged(path, error) from None


def read_format(path: Path) -> str | None:
    """The format that a file says it is of: on a first line "rewire … VERSION", or as "format" of its metadata.

    None where it says none. Raises ValueError for a damaged safetensors file, which all others are taken to be.
    """
    with path.open("rb") as file:
        line = file.readline(64)
    if line.startswith(b"rewire "):  # as a safetensors file, its header alone would take exabytes
        return line.decode(errors="replace").rpartition(" ")[0]
    return read_tensors(path)[1].get("format")


def _damaged(path: Path, error: Exception) -> ValueError:
    return ValueError(f"{path} must be a whole safetensors file; got {error}; restore or rewrite it")


@contextmanager
def reserved(directory: Path, shared: bool = False) -> Iterator[None]:
    """Within, other threads and processes that reserve `directory` wait; `shared` ones wait for the others only.

    The lock belongs to the open folder: it leaves no file behind and ends with its process. Where there is no folder
    yet, or a file system without locks, nothing is reserved.
    """
    try:
        descriptor = os.open(directory, os.O_RDONLY)
    except OSError:
        yield
        return
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def remove_temporaries(directory: Path) -> None:
    """Delete what killed writers left in `directory`; call it only while holding the directory's lock."""
    for path in directory.glob(f".*{TEMPORARY}"):
        path.unlink(missing_ok=True)


def _sync_directory(directory: Path) -> None:
    """Make the rename itself durable; some file systems cannot sync a folder, and that is no error."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)
