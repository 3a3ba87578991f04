"""Numbers and durations as a reader of the page sees them."""

import math
from typing import Any

MISSING = "–"


def number(value: Any, digits: int = 4) -> str:
    """A measured value in `digits` significant digits; text stays text; None and NaN are a dash.

    >>> number(0.93721), number(1e-8), number(50.0), number("2 of 5"), number(None)
    ('0.9372', '1e-08', '50', '2 of 5', '–')
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return MISSING
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.{digits}g}"


def spread(value: Any, std: Any) -> str:
    """`mean ± std`, the spread in two digits; without a spread just the value.

    >>> spread(0.93721, 0.00312), spread(0.93721, None), spread("all", 0.1)
    ('0.9372 ± 0.0031', '0.9372', 'all')
    """
    numeric = isinstance(value, int | float) and isinstance(std, int | float) and math.isfinite(std)
    return f"{number(value)} ± {number(float(std), 2)}" if numeric else number(value)


def duration(seconds: Any) -> str:
    """Seconds in the unit a person would use.

    >>> duration(0.42), duration(75.2), duration(7260), duration(None)
    ('0.4 s', '1 min 15 s', '2 h 1 min', '–')
    """
    if not isinstance(seconds, int | float) or not math.isfinite(seconds):
        return MISSING
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    hours, left = divmod(minutes, 60)
    return f"{hours} h {left} min" if hours else f"{minutes} min {rest} s"


def sort_key(value: Any) -> str:
    """What the page's script sorts by: a plain number where there is one, else the text itself.

    >>> sort_key(0.5), sort_key("red"), sort_key(None)
    ('0.5', 'red', '')
    """
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    return repr(float(value)) if isinstance(value, int | float) else str(value)


def plain(value: Any) -> str:
    """Any JSON value on one line: lists by commas, mappings as `key value`.

    >>> plain({"torch": "2.13.0", "python": "3.11"}), plain([1, 2]), plain(True), plain(1e-3)
    ('torch 2.13.0, python 3.11', '1, 2', 'yes', '0.001')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key} {plain(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(plain(item) for item in value)
    return number(value, 6)
