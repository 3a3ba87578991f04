"""Arguments of a search, checked before anything is trained: one clear line now rather than after a level."""

from collections.abc import Callable, Mapping
from numbers import Integral
from typing import Any

from torch import Tensor, nn

from rewire.masks import needs
from rewire.masks.acting import Action, name_of

AT_HAND = ("init", "final")  # evidence that every search has

Evidence = Callable[[nn.Module, tuple[str, ...]], Mapping[str, Mapping[str, Tensor]]]


def check_actions(actions: Mapping[str, Action], restart: str, sparse_below: float | None) -> None:
    if "mask_one" in actions and restart != "rewind":
        got = f"{name_of(actions['mask_one'])!r} with restart={restart!r}"
        raise ValueError(f"mask_one must be 'rewind' where kept weights stay as trained; got {got}")
    if "mask_zero" in actions and sparse_below is not None:
        got = f"{sparse_below} with mask_zero={name_of(actions['mask_zero'])!r}"
        raise ValueError(f"sparse_below must be None where pruned weights are not zero; got {got}")


def evidence_asked(criterion: str | Callable[..., Tensor], evidence: Evidence | None) -> tuple[str, ...]:
    """What a criterion needs that only the caller can give."""
    asked = tuple(name for name in needs(criterion) if name not in AT_HAND)
    if asked and evidence is None:
        wanted = ", ".join(map(repr, asked))
        wanting = criterion if isinstance(criterion, str) else name_of(criterion)
        raise ValueError(
            f"evidence must be a function of (model, names) that returns {wanted}, which {wanting!r} needs"
        )
    return asked


def check_names(**functions: str | Callable[..., Any]) -> None:
    """What a folder keeps of a function is its name; without one, another function's levels would be gone on with."""
    for parameter, function in functions.items():
        if not isinstance(function, str) and "<lambda>" in name_of(function):
            fix = "define it with def, or search without a directory"
            raise ValueError(
                f"{parameter} must have a name of its own in a directory; got {name_of(function)!r}: {fix}"
            )


def check_functions(train: object, **optional: object) -> None:
    """Raise TypeError for what cannot be called: now, rather than when a level has been trained."""
    for parameter, function in {"train": train, **optional}.items():
        if not callable(function) and (function is not None or parameter == "train"):
            raise TypeError(f"{parameter} must be a function; got {function!r}")


def check_count(parameter: str, got: object, meaning: str) -> None:
    if not isinstance(got, Integral) or isinstance(got, bool) or got < 0:
        raise ValueError(f"{parameter} must be a whole number from 0 up; got {got!r}: it is {meaning}")
