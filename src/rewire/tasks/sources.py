"""Find a dataset's folder: in the user's data directory, or in a cache filled from the public mirrors."""

import logging
import os
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rewire.tasks.mirrors import Published

VARIABLE = "REWIRE_DATA"


def find(published: Published, data: Path | None = None) -> Path:
    """The folder that holds the dataset's files.

    Looks in `data`, else in the directory that $REWIRE_DATA names; if neither is given, downloads what the user's
    cache lacks (pooch's cache directory, checksummed) and returns that. Raises FileNotFoundError when a directory was
    named but lacks the folder, OSError when the cache cannot be written, ConnectionError when a download fails.

    >>> from rewire.tasks.mirrors import MNIST
    >>> find(MNIST, Path("nowhere"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    FileNotFoundError: data must hold a folder mnist/; got nowhere (from data), which does not exist; ...
    """
    named = data or os.environ.get(VARIABLE)
    if not named:
        return download(published, default_cache())
    folder = Path(named) / published.folder
    if folder.is_dir():
        return folder
    origin, lack = "data" if data else VARIABLE, f"has no {published.folder}/"
    raise FileNotFoundError(
        f"data must hold a folder {published.folder}/; got {named} (from {origin}), which "
        f"{lack if Path(named).is_dir() else 'does not exist'}; "
        f"put it there, or leave data and {VARIABLE} unset to download it"
    )


def find_file(folder: Path, name: str) -> Path:
    """The file `name` in `folder`, or the same file decompressed, without .gz. Raises FileNotFoundError."""
    for file in (folder / name, folder / name.removesuffix(".gz")):
        if file.is_file():
            return file
    raise FileNotFoundError(f"{folder} must hold {name}; the file is missing: fetch it again")


def default_cache() -> Path:
    """The user's cache directory for rewire, e.g. ~/.cache/rewire on Linux."""
    import pooch

    return Path(pooch.os_cache("rewire"))


def download(published: Published, cache: Path) -> Path:
    """Download the files that `cache` lacks, check each MD5, unpack an archive; the dataset's folder in the cache.

    A cache that lacks nothing may be read-only. Raises OSError when one that does cannot be written, ConnectionError
    when a download fails.
    """
    folder = cache / published.folder
    if published.archive and folder.is_dir():
        return folder
    target = cache if published.archive else folder
    if published.archive or not all((target / name).is_file() for name in published.files):
        _check_writable(target, published.folder)
    files = [_fetch(published, name, target) for name in published.files]
    if published.archive:
        _unpack(files[0], folder)
    return folder


def _check_writable(cache: Path, folder: str) -> None:
    """Before the download, whose own error would look like the network's."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=cache).close()
    except OSError as error:
        raise OSError(
            f"cache {cache} cannot be written ({error.strerror}); set XDG_CACHE_HOME to a folder that can, or name a "
            f"directory with {folder}/ by --data, data= or {VARIABLE}"
        ) from None


def _fetch(published: Published, name: str, target: Path) -> Path:
    import pooch

    failures = []
    for mirror in published.mirrors:
        try:
            with _quiet(pooch.get_logger()):
                return Path(pooch.retrieve(mirror + name, f"md5:{published.files[name].md5}", fname=name, path=target))
        except (OSError, ValueError) as error:  # requests' errors are OSErrors; a wrong checksum is a ValueError
            reason = "wrong checksum" if isinstance(error, ValueError) else type(error).__name__
            failures.append(f"{mirror} ({reason})")
    raise ConnectionError(
        f"{name} of {published.folder} could not be downloaded from {', '.join(failures)}; connect to the network, or "
        f"name a directory with {published.folder}/ by --data, data= or {VARIABLE}"
    )


@contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    """Only warnings: pooch tells of every download on stderr, also of those that fail, which we report in one line."""
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def _unpack(archive: Path, folder: Path) -> None:
    """Unpack beside the folder and rename, so that an interrupted unpacking leaves no half of a dataset."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch, tarfile.open(archive) as tar:
        tar.extractall(scratch, filter="data")
        try:
            Path(scratch, folder.name).rename(folder)
        except OSError:
            if not folder.is_dir():  # otherwise another process finished first, with the same bytes
                raise
