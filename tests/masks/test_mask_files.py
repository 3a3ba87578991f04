"""Masks on disk: small, whole, and refused in one line when they are not."""

import hashlib
import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rewire.files import read_tensors, write_tensors
from rewire.masks import Mask, describe, load_mask, pack, read_metadata, save_mask
from rewire.masks.codec import encode, entropy


def sparse(*shape, density=0.1, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) < density


@pytest.fixture
def path(tmp_path):
    return tmp_path / "mask.safetensors"


MASK = Mask({"sparse": sparse(40, 50, density=0.05), "dense": sparse(3, 3, density=0.6), "on": torch.ones(7) > 0})


@st.composite
def drawn_masks(draw):
    names = draw(st.lists(st.text(st.characters(), max_size=8), unique=True, max_size=4))
    shapes = st.lists(st.integers(0, 9), max_size=3)
    density = st.sampled_from([0.0, 0.02, 0.5, 1.0])
    return Mask({name: sparse(*draw(shapes), density=draw(density), seed=i) for i, name in enumerate(names)})


@settings(max_examples=25, deadline=None)
@given(drawn_masks())
def test_a_mask_comes_back_whatever_its_names_and_shapes(tmp_path_factory, mask):
    path = tmp_path_factory.mktemp("masks") / "mask"
    save_mask(mask, path)
    assert load_mask(path) == mask
    assert list(load_mask(path)) == list(mask)


def test_where_both_codings_take_the_same_bytes_the_reader_knows_which_it_is(path):
    single = {f"{place} of {size}": torch.arange(size) == place for size in range(17, 34) for place in range(size)}
    assert any(len(encode(on)) == len(pack(on)) for on in single.values())
    assert load_mask(save_mask(Mask(single), path)) == Mask(single)


@pytest.mark.parametrize("name", ["__metadata__", "", "a/b\\c\"'\n\0", "☃ é", "\ud800", "mask", " "])
def test_a_tensor_may_have_any_name(path, name):
    mask = Mask({name: torch.tensor([True, False])})
    save_mask(mask, path, {name: name})
    assert load_mask(path) == mask
    assert read_metadata(path) == {name: name}


@pytest.mark.parametrize("density", [0.9, 0.5, 0.3, 0.05, 0.01, 0.001])
def test_a_file_takes_at_most_a_bit_per_entry_and_a_sparse_one_its_entropy(path, density):
    mask = Mask({"a": sparse(1000, 500, density=density), "b": sparse(300, 300, density=density, seed=1)})
    size = save_mask(mask, path).stat().st_size
    assert size <= mask.size / 8 + 270
    bound = sum(entropy(on.numel(), int(on.count_nonzero())) for on in mask.values()) / 8
    if density <= 0.05:
        assert size <= 1.01 * bound + 270


def test_metadata_comes_back_and_must_be_json(path):
    metadata = {"level": 3, "of": ["a", None, {"é": 0.1}], "on": True}
    save_mask(MASK, path, metadata)
    assert read_metadata(path) == metadata
    with pytest.raises(TypeError, match=r"metadata must be what JSON can hold; got .*Tensor.*turn it into text"):
        save_mask(MASK, path, {"w": torch.ones(1)})
    assert read_metadata(path) == metadata


def test_saving_is_repeatable_to_the_byte(path, tmp_path):
    save_mask(MASK, path)
    assert save_mask(load_mask(path), str(tmp_path / "again")).read_bytes() == path.read_bytes()


def test_truncated_anywhere_it_is_refused_in_one_line(path):
    content = save_mask(MASK, path, {"level": 1}).read_bytes()
    for size in range(0, len(content), 7):
        path.write_bytes(content[:size])
        with pytest.raises(ValueError, match="must be a whole safetensors file") as error:
            load_mask(path)
        assert str(path) in str(error.value)
        assert "\n" not in str(error.value)


def refused_in_one_line(path):
    try:
        load_mask(path)
    except ValueError as error:
        return str(path) in str(error) and "\n" not in str(error)
    return False


def test_a_byte_changed_anywhere_changes_nothing_or_is_refused_in_one_line(path):
    content, refused = save_mask(MASK, path, {"level": 1}).read_bytes(), 0
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        refusal = refused_in_one_line(path)
        refused += refusal
        assert refusal or (load_mask(path) == MASK and read_metadata(path) == {"level": 1})
    assert refused > 0.9 * len(content)


def parts(path):
    """The head and the tensors' bytes."""
    head, _, content = bytes(read_tensors(path)[0]["mask"].tolist())[16:].partition(b"\n")
    return json.loads(head), content


def rewritten(path, format="rewire mask", head=None, **changes):
    """The same content under another head, with a checksum that agrees."""
    said, content = parts(path)
    body = (head or json.dumps(said | changes)).encode() + b"\n" + content
    stored = torch.tensor(list(hashlib.sha256(body).digest()[:16] + body), dtype=torch.uint8)
    write_tensors(path, {"mask": stored}, {"format": format})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "rewire ticket"}, "must be of format 'rewire mask'; got 'rewire ticket'"),
        ({"version": 2}, "must be of version 1; got 2: use the rewire of then"),
        ({"head": "{"}, "must be of version 1; got None"),
        ({"head": "[" * 100_000}, "must be of version 1; got None"),
        ({"head": "[1]"}, "must be of version 1; got None"),
        ({"tensors": [3]}, "must list its tensors"),
        ({"tensors": [["a", [2], 1]]}, "must list its tensors"),
        ({"tensors": None}, "must list its tensors"),
        ({"head": '{"version": 1}'}, "must list its tensors"),
        ({"metadata": 3}, "must list its tensors"),
        ({"tensors": []}, "must list tensors that fill it"),
    ],
)
def test_foreign_and_newer_files_are_refused(path, change, message):
    save_mask(MASK, path)
    rewritten(path)
    assert load_mask(path) == MASK
    rewritten(path, **change)
    for read in (load_mask, read_metadata, describe):
        with pytest.raises(ValueError, match=message) as error:
            read(path)
        assert "\n" not in str(error.value)


NAME, SHAPE, KEPT, BYTES = range(4)


@pytest.mark.parametrize("place", [0, 1])  # one that is entropy-coded, one in bits
@pytest.mark.parametrize(
    ("field", "value"),
    [
        (KEPT, 2),
        (KEPT, 10**6),
        (KEPT, True),
        (KEPT, -1),
        (SHAPE, [40, 49]),
        (SHAPE, [40, -50]),
        (SHAPE, [10**30, 2]),
        (SHAPE, [40.0, 50]),
        (SHAPE, "40"),
        (SHAPE, {"40": 50}),
        (BYTES, -4),
        (BYTES, 10**9),
        (BYTES, 3),
        (NAME, "on"),
        (NAME, None),
        (NAME, []),
    ],
)
def test_entries_that_are_not_those_of_the_content_are_refused(path, place, field, value):
    save_mask(MASK, path)
    tensors = parts(path)[0]["tensors"]
    tensors[place][field] = value
    rewritten(path, tensors=tensors)
    with pytest.raises(ValueError, match=r"mask.safetensors must") as error:
        load_mask(path)
    assert "\n" not in str(error.value)


def test_a_tensor_that_no_memory_holds_is_refused_in_one_line(path, monkeypatch):
    save_mask(MASK, path)
    rewritten(path, tensors=[["none of it", [2**70, 0], 0, 0]])
    with pytest.raises(ValueError, match="must list tensors that fill it"):
        load_mask(path)
    save_mask(MASK, path)

    def full(*args, **options):
        raise RuntimeError("not enough memory")

    monkeypatch.setattr("rewire.masks.storage.decode", full)
    with pytest.raises(ValueError, match=r"mask.safetensors must hold what fits in memory; '.*' is \[40, 50\]"):
        load_mask(path)


def test_bytes_shifted_from_one_tensor_to_the_next_are_refused(path):
    save_mask(MASK, path)
    tensors = parts(path)[0]["tensors"]
    for shift in (4, -1, 1):
        moved = [list(fields) for fields in tensors]
        moved[0][BYTES] -= shift
        moved[2][BYTES] += shift
        rewritten(path, tensors=moved)
        with pytest.raises(ValueError, match=r"mask.safetensors must"):
            load_mask(path)


def test_other_files_are_refused(path, tmp_path):
    write_tensors(path, {"mask": torch.ones(3)})
    with pytest.raises(ValueError, match="must be of format 'rewire mask'; got None"):
        load_mask(path)
    for tensors in ({"mask": torch.ones(40)}, {}, {"mask": torch.ones(40, dtype=torch.uint8)}):
        write_tensors(path, tensors, {"format": "rewire mask"})
        with pytest.raises(ValueError, match="must have the SHA-256 that is written in it"):
            load_mask(path)
    with pytest.raises(FileNotFoundError, match="nothing at that path"):
        load_mask(tmp_path / "none")
    path.write_bytes(b"\x80\x04}q\x00.")  # a pickle
    with pytest.raises(ValueError, match="must be a whole safetensors file"):
        load_mask(path)


def test_a_description_adds_up(path):
    rows = describe(save_mask(MASK, path))
    assert [row["tensor"] for row in rows] == ["sparse", "dense", "on", "whole file"]
    assert [row["kept"] for row in rows] == [*(int(on.sum()) for on in MASK.values()), MASK.kept]
    assert [row["density"] for row in rows] == [*MASK.densities().values(), MASK.density]
    assert [row["coding"] for row in rows[:3]] == ["entropy", "bits", "entropy"]
    assert all(row["entropy bound"] <= row["bits per weight"] for row in rows)
    assert rows[-1]["bytes"] == path.stat().st_size
    assert rows[-1]["entropy bound"] * MASK.size == pytest.approx(
        sum(row["entropy bound"] * row["size"] for row in rows[:-1])
    )
    assert describe(save_mask(Mask({}), path))[0]["density"] == 1.0
