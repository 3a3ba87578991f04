"""The bytes of a safetensors file part by part, so that writing one takes no memory of the tensors' size.

The format: eight bytes for the header's length, the header as JSON (for each tensor its dtype, its shape and where its
bytes begin and end), then the bytes of all tensors without a gap. safetensors' own writer makes two copies of it.
"""

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

CODES = {
    "bool": "BOOL",
    "uint8": "U8",
    "int8": "I8",
    "int16": "I16",
    "uint16": "U16",
    "float16": "F16",
    "bfloat16": "BF16",
    "int32": "I32",
    "uint32": "U32",
    "float32": "F32",
    "int64": "I64",
    "uint64": "U64",
    "float64": "F64",
    "complex64": "C64",
    "float8_e4m3fn": "F8_E4M3",
    "float8_e5m2": "F8_E5M2",
}


def parts(tensors: "Mapping[str, Tensor]", metadata: Mapping[str, str] | None = None) -> Iterator[Any]:
    """Bytes and views of bytes which together are the file: named tensors of any device and strides, text metadata.

    Raises ValueError for a dtype or a name that the format does not have.

    >>> content = b"".join(parts({"w": torch.ones(2, 2)}, {"epoch": "3"}))
    >>> from safetensors.torch import load
    >>> load(content)
    {'w': tensor([[1., 1.],
            [1., 1.]])}
    """
    import torch

    # The widest first: then every tensor begins at a multiple of its item's size, as readers without a copy need it.
    ordered = dict(sorted(tensors.items(), key=lambda item: (-item[1].element_size(), item[0])))
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    end = 0
    for name, tensor in ordered.items():
        code = CODES.get(str(tensor.dtype).removeprefix("torch."))
        if code is None or name == "__metadata__":
            raise ValueError(f"tensors must have dtypes and names that safetensors has; got {name!r}, {tensor.dtype}")
        start, end = end, end + tensor.numel() * tensor.element_size()
        header[name] = {"dtype": code, "shape": list(tensor.shape), "data_offsets": [start, end]}
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    yield len(text).to_bytes(8, "little") + text
    for tensor in ordered.values():
        yield tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
