"""BatchNorm and its kin read state of before torch 0.4.1; a gated one must not take new state for that old one."""

from typing import Any

from torch import nn


def read_as_current(module: nn.Module) -> None:
    """Make a gated module take state that has lost torch's metadata for state of the current version.

    A state dict that was copied into a plain dict, or read from a safetensors file, says nothing of versions.
    BatchNorm would then add the batch counter under the name that it has in a plain module, and `load_state_dict`
    refuse it. torch gives every parametrized module a class of its own, so that this touches no other layer.
    """
    type(module)._load_from_state_dict = _load  # pyright: ignore[reportAttributeAccessIssue]


def _load(module: nn.Module, state: dict[str, Any], prefix: str, metadata: dict[str, Any], *rest: Any) -> None:
    plain = type(module).__bases__[0]  # the class that the module had before it was gated
    plain._load_from_state_dict(module, state, prefix, {"version": module._version} | metadata, *rest)
