import hashlib
import io
import logging
import socket
import tarfile
import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pooch
import pytest

from rewire.tasks.mirrors import CIFAR10, FASHION_MNIST, MNIST, Download, Published
from rewire.tasks.sources import default_cache, download, find, find_file

CONTENT = b"a small dataset"


class Counting(SimpleHTTPRequestHandler):
    def do_GET(self):
        self.server.requested.append(self.path)
        super().do_GET()

    def log_message(self, *arguments):
        pass


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A web server over tmp_path/mirror on this machine: (its folder, its address, the paths asked of it)."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    folder = tmp_path / "mirror"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Counting, directory=folder))
    server.requested = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}/", server.requested
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def dead_mirror() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/"


def published(*mirrors: str, content: bytes = CONTENT) -> Published:
    return Published("tiny", mirrors, {"images.gz": Download(md5=hashlib.md5(content).hexdigest())})


def test_a_download_is_checked_and_then_served_from_the_cache(mirror, tmp_path):
    folder, address, requested = mirror
    (folder / "images.gz").write_bytes(CONTENT)
    for _ in range(2):
        found = download(published(address), tmp_path / "cache")
        assert (found / "images.gz").read_bytes() == CONTENT
    assert found == tmp_path / "cache" / "tiny"
    assert requested == ["/images.gz"]


def test_the_next_mirror_is_tried_when_one_is_down(mirror, dead_mirror, tmp_path):
    folder, address, _ = mirror
    (folder / "images.gz").write_bytes(CONTENT)
    found = download(published(dead_mirror, address), tmp_path / "cache")
    assert (found / "images.gz").read_bytes() == CONTENT


def test_a_download_with_the_wrong_checksum_is_refused_and_not_kept(mirror, tmp_path):
    folder, address, _ = mirror
    (folder / "images.gz").write_bytes(CONTENT)
    with pytest.raises(ConnectionError, match=r"images.gz of tiny could not be downloaded.*wrong checksum"):
        download(published(address, content=b"another"), tmp_path / "cache")
    assert not list((tmp_path / "cache" / "tiny").iterdir())


def test_without_network_one_line_says_what_to_do(dead_mirror, tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(ConnectionError, match="connect to the network, or name a directory with tiny/") as raised:
        download(published(dead_mirror), tmp_path / "cache")
    assert "\n" not in str(raised.value)
    assert "REWIRE_DATA" in str(raised.value)


def test_a_download_says_nothing_on_stderr(mirror, dead_mirror, tmp_path, monkeypatch):
    folder, address, _ = mirror
    (folder / "images.gz").write_bytes(CONTENT)
    told, logger = io.StringIO(), pooch.get_logger()
    monkeypatch.setattr(logger, "handlers", [logging.StreamHandler(told)])  # pooch's own keeps the stderr it found
    before = logger.level
    download(published(dead_mirror, address), tmp_path / "cache")
    assert told.getvalue() == ""
    assert logger.level == before


def test_a_cache_that_cannot_be_written_is_not_blamed_on_the_network(mirror, tmp_path):
    folder, address, requested = mirror
    (folder / "images.gz").write_bytes(CONTENT)
    (tmp_path / "cache").touch()
    with pytest.raises(OSError, match=r"cache .*cannot be written .*set XDG_CACHE_HOME .*--data") as raised:
        download(published(address), tmp_path / "cache")
    assert not isinstance(raised.value, ConnectionError)
    assert "\n" not in str(raised.value)
    assert not requested


def test_a_full_cache_need_not_be_writable(tmp_path, monkeypatch):
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "images.gz").write_bytes(CONTENT)

    def refuse(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    assert download(published("http://unused/"), tmp_path) == tmp_path / "tiny"


def packed(folder: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        member = tarfile.TarInfo(f"{folder}/data_batch_1.bin")
        member.size = len(CONTENT)
        tar.addfile(member, io.BytesIO(CONTENT))
    return buffer.getvalue()


def test_an_archive_is_unpacked_whole_and_only_once(mirror, tmp_path):
    folder, address, requested = mirror
    archive = packed("tiny")
    (folder / "tiny.tar.gz").write_bytes(archive)
    files = {"tiny.tar.gz": Download(md5=hashlib.md5(archive).hexdigest())}
    found = download(Published("tiny", (address,), files, archive=True), tmp_path / "cache")
    assert (found / "data_batch_1.bin").read_bytes() == CONTENT
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == ["tiny", "tiny.tar.gz"]
    (tmp_path / "cache" / "tiny.tar.gz").unlink()  # the unpacked folder is enough
    assert download(Published("tiny", (address,), files, archive=True), tmp_path / "cache") == found
    assert requested == ["/tiny.tar.gz"]


def test_a_named_directory_is_preferred_to_the_variable_and_the_variable_to_downloading(tmp_path, monkeypatch):
    for place in ("argument", "variable"):
        (tmp_path / place / "mnist").mkdir(parents=True)
    monkeypatch.setenv("REWIRE_DATA", str(tmp_path / "variable"))
    assert find(MNIST, tmp_path / "argument") == tmp_path / "argument" / "mnist"
    assert find(MNIST) == tmp_path / "variable" / "mnist"


def test_without_a_directory_the_cache_is_filled(mirror, tmp_path, monkeypatch):
    folder, address, _ = mirror
    (folder / "images.gz").write_bytes(CONTENT)
    monkeypatch.delenv("REWIRE_DATA", raising=False)
    monkeypatch.setattr("rewire.tasks.sources.default_cache", lambda: tmp_path / "cache")
    assert find(published(address)) == tmp_path / "cache" / "tiny"


def test_the_cache_is_the_users():
    assert default_cache().name == "rewire"
    assert default_cache().is_absolute()


def test_a_missing_folder_says_which_and_where_the_name_came_from(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match=r"folder mnist/; got .* \(from data\), which has no mnist/"):
        find(MNIST, tmp_path)
    monkeypatch.setenv("REWIRE_DATA", str(tmp_path / "absent"))
    with pytest.raises(FileNotFoundError, match=r"absent \(from REWIRE_DATA\), which does not exist") as raised:
        find(MNIST)
    assert "\n" not in str(raised.value)


def test_a_file_is_found_compressed_or_not_and_missed_by_name(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match=r"must hold images.gz; the file is missing"):
        find_file(tmp_path, "images.gz")
    (tmp_path / "images").touch()
    assert find_file(tmp_path, "images.gz") == tmp_path / "images"
    (tmp_path / "images.gz").touch()
    assert find_file(tmp_path, "images.gz") == tmp_path / "images.gz"


@pytest.mark.parametrize("dataset", [MNIST, FASHION_MNIST, CIFAR10], ids=lambda dataset: dataset.folder)
def test_the_table_of_mirrors_is_well_formed(dataset):
    assert all(mirror.startswith("http") and mirror.endswith("/") for mirror in dataset.mirrors)
    digests = [(file.md5, 32) for file in dataset.files.values()]
    digests += [(file.sha256, 64) for file in dataset.files.values() if file.sha256]
    assert all(len(digest) == length and set(digest) <= set("0123456789abcdef") for digest, length in digests)
    assert len({digest for digest, _ in digests}) == len(digests)
