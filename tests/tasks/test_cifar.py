from pathlib import Path

import pytest
import torch

from rewire.tasks.cifar import read_cifar10


def record(label: int, *, red: int, green: int, blue: int) -> bytes:
    return bytes([label]) + bytes([red]) * 1024 + bytes([green]) * 1024 + bytes([blue]) * 1024


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data_batch_1.bin"


def test_labels_come_first_then_red_green_blue(file):
    second = bytearray(record(9, red=0, green=0, blue=0))
    second[1 + 1024 + 32 * 5 + 7] = 99  # green, row 5, column 7
    file.write_bytes(record(3, red=1, green=2, blue=3) + second)
    images, labels = read_cifar10(file, records=2)
    assert images.dtype == torch.uint8
    assert labels.dtype == torch.int64
    assert labels.tolist() == [3, 9]
    assert images[0].flatten(1).unique(dim=1).flatten().tolist() == [1, 2, 3]
    assert images[1].nonzero().tolist() == [[1, 5, 7]]
    assert int(images[1, 1, 5, 7]) == 99


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "truncated: 6146 bytes expected, 0 found"),
        (bytes(2 * 3073 - 1), "truncated: 6146 bytes expected, 6145 found"),
        (bytes(2 * 3073 + 1), "trailing bytes: 6146 bytes expected, 6147 found"),
        (record(0, red=0, green=0, blue=0) + record(10, red=0, green=0, blue=0), "labels must be in 0..9, got 10"),
    ],
)
def test_a_bad_file_is_refused_in_one_line_that_names_it(file, content, problem):
    file.write_bytes(content)
    with pytest.raises(ValueError, match=problem) as raised:
        read_cifar10(file, records=2)
    assert str(file) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_batch_file_has_ten_thousand_records_by_default(file):
    file.write_bytes(bytes(3073))
    with pytest.raises(ValueError, match="30730000 bytes expected"):
        read_cifar10(file)
