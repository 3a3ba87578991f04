"""Our writer of safetensors against the format's own reader and writer."""

import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import load, save

from rewire.files import write_tensors
from rewire.tensor_file import CODES, parts

DTYPES = [getattr(torch, name) for name in CODES]
SHAPES = st.lists(st.integers(0, 4), max_size=3).map(tuple)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


def bits(tensor: torch.Tensor) -> bytes:
    return tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(NAMES, st.tuples(st.sampled_from(DTYPES), SHAPES), max_size=5), st.dictionaries(NAMES, NAMES))
def test_the_reader_finds_every_bit(forms, metadata):
    tensors = {name: torch.randint(2, shape).to(dtype) for name, (dtype, shape) in forms.items()}
    content = b"".join(parts(tensors, metadata))
    back = load(content)
    assert {n: (t.dtype, t.shape, bits(t)) for n, t in back.items()} == {
        n: (t.dtype, t.shape, bits(t)) for n, t in tensors.items()
    }
    assert json.loads(content[8:][: int.from_bytes(content[:8], "little")]).get("__metadata__", {}) == metadata


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_is_written_as_safetensors_writes_it(dtype):
    tensors = {"w": torch.randint(2, (3, 5)).to(dtype)}
    assert b"".join(parts(tensors)) == save(tensors)


def test_strides_sharing_and_the_file_on_disk(tmp_path):
    base = torch.arange(12.0).reshape(3, 4)
    tensors = {"base": base, "tied": base, "turned": base.T, "row": base[1], "image": torch.rand(2, 3, 4, 4)}
    tensors["image"] = tensors["image"].to(memory_format=torch.channels_last)
    write_tensors(tmp_path / "x", tensors, {"epoch": "3"})
    with safe_open(tmp_path / "x", "pt") as file:
        assert all(torch.equal(file.get_tensor(name), tensor) for name, tensor in tensors.items())
        assert file.metadata() == {"epoch": "3"}


@pytest.mark.parametrize("tensors", [{"w": torch.zeros(2, dtype=torch.complex128)}, {"__metadata__": torch.zeros(2)}])
def test_what_the_format_lacks_is_refused_before_anything_is_written(tensors, tmp_path):
    with pytest.raises(ValueError, match="dtypes and names that safetensors has"):
        write_tensors(tmp_path / "x", tensors)
    assert not list(tmp_path.iterdir())
