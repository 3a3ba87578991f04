"""Optimizers that move weights and never change their values."""

from importlib import import_module

HOMES = {"LAPerm": "rewire.permutations.laperm", "SGPerm": "rewire.permutations.sgperm"}


def __getattr__(name: str) -> object:
    if name in HOMES:
        return getattr(import_module(HOMES[name]), name)
    raise AttributeError(f"module 'rewire.optim' has no attribute {name!r}")
