"""One-line messages for bad input: the parameter, what is allowed, what was got, and the fix."""

import difflib
from collections.abc import Iterable


def choice(parameter: str, allowed: Iterable[object], got: object, fix: str = "") -> ValueError:
    """The error for a name that is not one of `allowed`; suggests the nearest one.

    >>> str(choice("task", ["day", "night"], "nigth"))
    "task must be one of 'day', 'night'; got 'nigth' (did you mean 'night'?)"
    """
    names = list(allowed)
    listed = ", ".join(repr(name) for name in names) or "(there are none)"
    nearest = difflib.get_close_matches(str(got), [str(name) for name in names], n=1)
    hint = f" (did you mean {nearest[0]!r}?)" if nearest else ""
    return ValueError(f"{parameter} must be one of {listed}; got {got!r}{hint}" + (f"; {fix}" if fix else ""))
