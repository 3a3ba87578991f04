import gzip
import hashlib
import time
from functools import partial
from pathlib import Path

import pytest
import torch

import rewire.tasks.images
from rewire.tasks import load_images
from rewire.tasks.cifar import read_cifar10
from rewire.tasks.mirrors import MNIST, Download, Published

IMAGES = bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 10, 20, 30, 40])
LABELS = bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 5])


@pytest.fixture
def tiny_mnist(tmp_path: Path, monkeypatch) -> Path:
    """A data directory with an MNIST of two images of 1×2 pixels, and its checksums in place of MNIST's."""
    folder = tmp_path / "mnist"
    folder.mkdir()
    files = {}
    for name in MNIST.files:
        payload = IMAGES if "images" in name else LABELS
        (folder / name).write_bytes(gzip.compress(payload))
        files[name] = Download(md5="", sha256=hashlib.sha256(payload).hexdigest())
    monkeypatch.setattr(rewire.tasks.images, "MNIST", Published("mnist", (), files))
    return tmp_path


def test_idx_files_become_one_channel_images_with_long_labels(tiny_mnist):
    images = load_images("mnist", tiny_mnist)
    for examples in (images.train, images.test):
        assert examples.inputs.tolist() == [[[[10, 20]]], [[[30, 40]]]]
        assert examples.inputs.dtype == torch.uint8
        assert examples.targets.dtype == torch.int64
        assert examples.targets.tolist() == [7, 5]
    assert (images.name, images.classes) == ("mnist", 10)


def test_the_variable_names_the_directory(tiny_mnist, monkeypatch):
    monkeypatch.setenv("REWIRE_DATA", str(tiny_mnist))
    assert len(load_images("mnist").train) == 2


@pytest.mark.parametrize("name", MNIST.files)
def test_a_swapped_file_is_refused_by_its_checksum(tiny_mnist, name):
    payload = bytearray(IMAGES if "images" in name else LABELS)
    payload[-1] ^= 1
    (tiny_mnist / "mnist" / name).write_bytes(payload)
    with pytest.raises(ValueError, match=f"{name} has the wrong checksum"):
        load_images("mnist", tiny_mnist)


def test_a_missing_file_is_named(tiny_mnist):
    (tiny_mnist / "mnist" / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(FileNotFoundError, match=r"mnist must hold t10k-labels-idx1-ubyte.gz; the file is missing"):
        load_images("mnist", tiny_mnist)


def test_cifar_joins_five_batches_in_order(tmp_path, monkeypatch):
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    names = [f"data_batch_{k}.bin" for k in range(1, 6)] + ["test_batch.bin"]
    for label, name in enumerate(names):
        (folder / name).write_bytes(bytes([label]) + bytes([label * 10]) * 3072)
    monkeypatch.setattr(rewire.tasks.images, "read_cifar10", partial(read_cifar10, records=1))
    images = load_images("cifar-10", tmp_path)
    assert images.train.inputs.shape == (5, 3, 32, 32)
    assert images.train.targets.tolist() == [0, 1, 2, 3, 4]
    assert images.train.inputs[:, 0, 0, 0].tolist() == [0, 10, 20, 30, 40]
    assert images.test.targets.tolist() == [5]


def test_an_unknown_dataset_gets_the_nearest_name():
    with pytest.raises(ValueError, match=r"name must be one of 'mnist', .*got 'minst'.*did you mean 'mnist'"):
        load_images("minst")


def test_digits_are_scikit_learns_scaled_split_and_complete():
    from sklearn.datasets import load_digits

    images, published = load_images("digits"), load_digits()
    assert len(images.train) + len(images.test) == len(published.target)
    ours = torch.cat([images.train.inputs, images.test.inputs]).flatten(1)
    theirs = (torch.from_numpy(published.data) * 255 / 16).round().byte()
    assert torch.equal(ours.unique(dim=0), theirs.unique(dim=0))
    fractions = images.test.targets.bincount() / torch.from_numpy(published.target).bincount()
    assert fractions.min() > 0.19
    assert fractions.max() <= 0.2


def test_digits_need_no_data_directory_and_are_the_same_every_time(monkeypatch):
    monkeypatch.setenv("REWIRE_DATA", "/nowhere")
    first, second = load_images("digits"), load_images("digits")
    assert torch.equal(first.train.inputs, second.train.inputs)
    assert torch.equal(first.test.targets, second.test.targets)


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_real_files_pass_their_checks_quickly(data, name):
    start = time.perf_counter()
    images = load_images(name, data)
    assert time.perf_counter() - start < 20  # 0.5 s alone; the margin is for a busy machine
    assert images.train.inputs.shape == (60_000, 1, 28, 28)
    assert images.test.inputs.shape == (10_000, 1, 28, 28)
    assert images.train.targets.bincount().sum() == 60_000
    assert images.test.targets.unique().tolist() == list(range(10))


def test_the_first_real_mnist_digits_are_the_famous_ones(data):
    images = load_images("mnist", data)
    assert images.train.targets[:5].tolist() == [5, 0, 4, 1, 9]
    assert images.test.targets[:5].tolist() == [7, 2, 1, 0, 4]
    assert (images.train.inputs.double().mean() / 255).item() == pytest.approx(0.1307, abs=5e-5)


def test_real_cifar_has_balanced_classes(data):
    if not (data / "cifar-10-batches-bin").is_dir():
        pytest.skip("needs cifar-10-batches-bin/ in REWIRE_DATA")
    images = load_images("cifar-10", data)
    assert images.train.inputs.shape == (50_000, 3, 32, 32)
    assert torch.cat([images.train.targets, images.test.targets]).bincount().tolist() == [6_000] * 10
