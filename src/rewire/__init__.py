"""rewire: train a network's wiring: which weights are on, for which task, and where each one sits."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rewire import gates as gates
    from rewire import masks as masks
    from rewire import optim as optim
    from rewire import permutations as permutations
    from rewire import tickets as tickets
    from rewire.gates import Bernoulli as Bernoulli
    from rewire.gates import Hard as Hard
    from rewire.gates import Sigmoid as Sigmoid
    from rewire.gates import TopK as TopK
    from rewire.gates import active_task as active_task
    from rewire.gates import add_task as add_task
    from rewire.gates import binarize as binarize
    from rewire.gates import cached as cached
    from rewire.gates import fit_combination as fit_combination
    from rewire.gates import gate as gate
    from rewire.gates import infer_task as infer_task
    from rewire.gates import load as load
    from rewire.gates import merge as merge
    from rewire.gates import mixed as mixed
    from rewire.gates import param_groups as param_groups
    from rewire.gates import save as save
    from rewire.gates import switch as switch
    from rewire.gates import tasks_of as tasks_of
    from rewire.masks import Mask as Mask
    from rewire.permutations import load_permutation as load_permutation
    from rewire.permutations import save_permutation as save_permutation

__version__ = "0.1.0"
__all__ = [
    "Bernoulli",
    "Hard",
    "Mask",
    "Sigmoid",
    "TopK",
    "active_task",
    "add_task",
    "binarize",
    "cached",
    "fit_combination",
    "gate",
    "gates",
    "infer_task",
    "load",
    "load_permutation",
    "masks",
    "merge",
    "mixed",
    "optim",
    "param_groups",
    "permutations",
    "save",
    "save_permutation",
    "switch",
    "tasks_of",
    "tickets",
]

ROOMS = ("gates", "masks", "optim", "permutations", "tickets")


def __getattr__(name: str) -> object:
    """Import on first use, so that `import rewire` and `rewire --help` do not wait for torch."""
    if name in ROOMS:
        return import_module(f"rewire.{name}")
    if name == "Mask":
        return import_module("rewire.masks").Mask
    if name in ("load_permutation", "save_permutation"):
        return getattr(import_module("rewire.permutations"), name)
    if name in __all__:
        return getattr(import_module("rewire.gates"), name)
    raise AttributeError(f"module 'rewire' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
