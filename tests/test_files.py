"""Whole files or none, whatever happens while they are written."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from rewire.files import read_json, read_tensors, remove_temporaries, write_atomic, write_json, write_tensors

WRITER = """
import sys
from pathlib import Path
from rewire.files import write_atomic
while True:
    for byte in (b"a", b"b"):
        write_atomic(Path(sys.argv[1]), byte * 3_000_000)
"""


def test_a_writer_killed_at_any_moment_leaves_a_whole_file(tmp_path):
    path = tmp_path / "file"
    for delay in (0.0, 0.003, 0.011):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)])
        while not path.exists():
            time.sleep(0.005)
        time.sleep(delay)
        writer.kill()
        writer.wait()
        assert path.read_bytes() in (b"a" * 3_000_000, b"b" * 3_000_000)
        remove_temporaries(tmp_path)
        assert os.listdir(tmp_path) == ["file"]


def test_a_failed_write_keeps_the_old_file_and_leaves_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_atomic(path, b"old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left") as error:
        write_atomic(path, b"new")
    assert (error.value.errno, error.value.filename) == (28, str(path))
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_json_round_trip_and_a_damaged_file_is_named(tmp_path):
    path = tmp_path / "value.json"
    write_json(path, {"name": "é", "lr": [1e-3, None]})
    assert read_json(path) == {"name": "é", "lr": [1e-3, None]}
    path.write_text('{"name": ')
    with pytest.raises(ValueError, match=r"value\.json must be JSON"):
        read_json(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match=r"value\.json must be JSON"):
        read_json(path)


def test_tensors_round_trip_whatever_their_strides_and_sharing(tmp_path):
    base = torch.arange(12, dtype=torch.float64).reshape(3, 4)
    tensors = {"base": base, "tied": base, "turned": base.T, "row": base[1], "mask": base > 3}
    write_tensors(tmp_path / "x.safetensors", tensors, {"epoch": "3"})
    back, metadata = read_tensors(tmp_path / "x.safetensors")
    assert metadata == {"epoch": "3"}
    assert back.keys() == tensors.keys()
    assert all(torch.equal(back[name], tensor) for name, tensor in tensors.items())


def test_truncated_or_missing_tensors_are_refused_in_one_line(tmp_path):
    path = tmp_path / "x.safetensors"
    with pytest.raises(FileNotFoundError, match="nothing at that path"):
        read_tensors(path)
    write_tensors(path, {"w": torch.zeros(100)})
    for size in (0, 5, 60, path.stat().st_size - 1):
        (tmp_path / "cut").write_bytes(path.read_bytes()[:size])
        with pytest.raises(ValueError, match="must be a whole safetensors file") as error:
            read_tensors(Path(tmp_path / "cut"))
        assert "\n" not in str(error.value)
