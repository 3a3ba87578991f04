"""LSTM, GRU and RNN layers keep a list of their weights; a gated one must make that list afresh for every pass."""

from typing import Any

from torch import Tensor, nn


def serve_flat_weights(module: nn.RNNBase) -> None:
    """Make `_flat_weights` of a gated RNN layer what its weights are now, never a list kept from an earlier pass.

    A kept list would go stale when the task is switched, could not be deep-copied, and holds memory. torch gives
    every parametrized module a class of its own, so that these members touch no other layer.
    """
    members: dict[str, Any] = {"_flat_weights": property(_current, _ignore), "_update_flat_weights": _ignore}
    for name, member in members.items():
        setattr(type(module), name, member)
    module.__dict__.pop("_flat_weights", None)
    module._flat_weight_refs = []


def _current(module: nn.RNNBase) -> list[Tensor | None]:
    return [getattr(module, name, None) for name in module._flat_weights_names]


def _ignore(module: nn.RNNBase, *_: object) -> None:
    """The weights are looked up when they are used."""
