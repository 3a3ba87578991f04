"""Nested state (of optimizers, schedulers, samplers) as tensors plus JSON, and back, without a pickle."""

import json
from typing import Any

from torch import Tensor


def flatten(state: Any) -> tuple[dict[str, Tensor], str]:
    """Split a nest of dicts, lists, tuples, numbers, strings, None and tensors into tensors and a JSON text.

    Raises TypeError for anything else, naming its place.

    >>> tensors, text = flatten({"step": 3, "moments": [torch.ones(1)]})
    >>> unflatten(tensors, text)
    {'step': 3, 'moments': [tensor([1.])]}
    """
    tensors: dict[str, Tensor] = {}
    return tensors, json.dumps(_encode(state, "", tensors))


def _encode(node: Any, path: str, tensors: dict[str, Tensor]) -> Any:
    if isinstance(node, Tensor):
        tensors[path] = node.detach().cpu().clone()
        return {"tensor": path}
    if isinstance(node, dict):
        # Pairs rather than a JSON object: optimizer state has integer keys.
        return {"dict": [[key, _encode(value, f"{path}/{key}", tensors)] for key, value in node.items()]}
    if isinstance(node, (list, tuple)):
        kind = "list" if isinstance(node, list) else "tuple"
        return {kind: [_encode(value, f"{path}/{i}", tensors) for i, value in enumerate(node)]}
    if node is None or isinstance(node, (bool, int, float, str)):
        return node
    raise TypeError(
        f"state must be made of tensors, numbers, strings, lists and dicts; {path} is {type(node).__name__}"
    )


def unflatten(tensors: dict[str, Tensor], text: str) -> Any:
    return _decode(json.loads(text), tensors)


def _decode(node: Any, tensors: dict[str, Tensor]) -> Any:
    if not isinstance(node, dict):
        return node
    ((kind, content),) = node.items()
    if kind == "tensor":
        return tensors[content]
    if kind == "dict":
        return {key: _decode(value, tensors) for key, value in content}
    items = [_decode(value, tensors) for value in content]
    return items if kind == "list" else tuple(items)
