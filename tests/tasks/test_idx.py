import gzip
import hashlib
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rewire.tasks.idx import read_idx

CUBE = bytes([0, 0, 8, 3]) + b"".join(n.to_bytes(4, "big") for n in (2, 1, 3)) + bytes([1, 2, 3, 250, 251, 252])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "some-images-idx3-ubyte"


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_dimensions_are_big_endian_and_data_is_in_c_order(file, pack):
    file.write_bytes(pack(CUBE))
    expected = torch.tensor([[[1, 2, 3]], [[250, 251, 252]]], dtype=torch.uint8)
    assert torch.equal(read_idx(file, hashlib.sha256(CUBE).hexdigest()), expected)


@settings(max_examples=30, deadline=None)
@given(shape=st.lists(st.integers(0, 5), min_size=1, max_size=4), seed=st.integers(0, 99))
def test_every_shape_survives_the_round_trip(tmp_path_factory, shape, seed):
    array = torch.randint(256, shape, generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)
    header = bytes([0, 0, 8, len(shape)]) + b"".join(n.to_bytes(4, "big") for n in shape)
    file = tmp_path_factory.mktemp("idx") / "array"
    file.write_bytes(header + array.numpy().tobytes())
    assert torch.equal(read_idx(file), array)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "wrong magic number"),
        (b"PK\x03\x04" + CUBE, "wrong magic number"),
        (bytes([0, 0, 0x0D]) + CUBE[3:], "wrong magic number"),  # float32 items
        (bytes([0, 0, 8, 0]) + CUBE[4:], "wrong magic number"),  # no dimensions
        (CUBE[:10], "truncated: a header of 16 bytes expected, 10 found"),
        (CUBE[:-1], "truncated: 22 bytes expected, 21 found"),
        (CUBE + b"\0", "trailing bytes: 22 bytes expected, 23 found"),
        (gzip.compress(CUBE, mtime=0)[:-9], "truncated: its gzip stream ends early"),
        (gzip.compress(CUBE, mtime=0)[:-8] + bytes(8), "damaged"),  # wrong CRC
        (b"\x1f\x8b" + bytes(20), "damaged"),
        (gzip.compress(CUBE, mtime=0)[:10] + b"\xff" * 20, "damaged"),
    ],
)
def test_a_bad_file_is_refused_in_one_line_that_names_it(file, content, problem):
    file.write_bytes(content)
    with pytest.raises(ValueError, match=problem) as raised:
        read_idx(file)
    assert str(file) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_changed_pixel_is_caught_by_the_checksum(file):
    file.write_bytes(CUBE[:-1] + b"\0")
    with pytest.raises(ValueError, match=f"{file.name} has the wrong checksum.*got [0-9a-f]{{64}}"):
        read_idx(file, hashlib.sha256(CUBE).hexdigest())


def test_the_tensor_is_writable(file):
    file.write_bytes(CUBE)
    tensor = read_idx(file)
    tensor[0] = 9
    assert int(tensor[0, 0, 0]) == 9
