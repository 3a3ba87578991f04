"""Loops as machine code. This imports numba: import it only where a kernel is run."""

from collections.abc import Callable
from typing import Any

from numba import njit
from numba.extending import intrinsic


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, compiled at its first call; kept on disk for the next process where a folder can be written."""
    try:
        return njit(nogil=True, error_model="numpy", cache=True)(function)
    except RuntimeError:  # neither the package's folder nor the user's cache folder can be written
        return njit(nogil=True, error_model="numpy")(function)


def built(emitter: Callable[..., Any]) -> Any:
    """A function of compiled code whose instructions the emitter writes."""
    return intrinsic(emitter)
