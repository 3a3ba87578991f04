"""Rows as a table for people: framed on a terminal, or one by one where it is narrow; plain columns when piped."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

COLOURS = {"reproduced": "green", "not reproduced": "red", "artefact": "yellow", "scaled": "cyan", "not run": "dim"}


def show(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()) -> None:
    """Print `rows` with these columns (by default all keys, in order of appearance) to stdout."""
    names = list(columns) or list(dict.fromkeys(key for row in rows for key in row))
    cells = [[text(row.get(name)) for name in names] for row in rows]
    if sys.stdout.isatty() and names:
        _framed(names, cells)
    else:
        print(aligned(names, cells))


def text(value: Any) -> str:
    """A value as a cell: four significant digits, nothing for None, lists joined.

    >>> text(0.93721), text(None), text(("LS-1a", "LS-1b")), text(1e-9)
    ('0.9372', '', 'LS-1a LS-1b', '1e-09')
    """
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return " ".join(map(text, value))
    return str(value)


def aligned(names: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    """Columns of equal width, two spaces apart, without trailing blanks.

    >>> print(aligned(["name", "n"], [["gated", "5"], ["shared", "12"]]))
    name    n
    gated   5
    shared  12
    """
    widths = [max(map(len, column)) for column in zip(names, *cells)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in (names, *cells))
    return "\n".join(lines)


def _framed(names: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console, table = Console(), Table()
    if console.width < narrowest(names, cells):
        print(listed(names, cells))
        return
    for number, name in enumerate(names):
        table.add_column(name, no_wrap=number == 0)
    for line in cells:
        table.add_row(*(Text(cell, style=COLOURS.get(cell, "")) for cell in line))
    console.print(table)


def narrowest(names: Sequence[str], cells: Sequence[Sequence[str]]) -> int:
    """The width below which a framed table must cut words or the first column, which is what people copy.

    >>> narrowest(["name", "n"], [["a long name", "5 or 12"]])
    20
    """
    first, *others = zip(names, *cells)
    unbreakable = [first, *([word for cell in column for word in cell.split()] for column in others)]
    return sum(max(map(len, pieces), default=0) for pieces in unbreakable) + 3 * len(names) + 1


def listed(names: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    """Each row as lines "name: value", without the empty ones, and a blank line between rows.

    >>> print(listed(["name", "n"], [["gated", "5"], ["shared", ""]]))
    name: gated
    n: 5
    <BLANKLINE>
    name: shared
    """
    return "\n\n".join("\n".join(f"{name}: {cell}" for name, cell in zip(names, row) if cell) for row in cells)
