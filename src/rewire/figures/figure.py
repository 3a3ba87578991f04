"""A figure is data and one drawing function; saving it writes PNG, SVG and the CSV it was drawn from."""

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rewire.figures.style import house_style
from rewire.files import write_atomic

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas


@dataclass(frozen=True)
class Figure:
    """A figure of a recipe: what it shows, the rows behind it, and how to draw them.

    `name` is the file stem (lower-case letters, digits, - and _); `rows` become the CSV; `draw` receives an empty
    matplotlib Figure in the house style; `size` is width and height in inches. ValueError for any other name.

    >>> rows = [{"step": 0, "mean": 0.1}, {"step": 490, "mean": 0.94}]
    >>> figure = Figure("curve", "Learning", "", rows, lambda canvas: canvas.subplots().plot([0, 490], [0.1, 0.94]))
    >>> figure.size
    (5.4, 3.4)
    """

    name: str
    title: str
    caption: str
    rows: Sequence[Mapping[str, Any]]
    draw: "Callable[[Canvas], object]"
    size: tuple[float, float] = (5.4, 3.4)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", self.name):
            raise ValueError(
                f"name must be lower-case letters, digits, '-' and '_', for it names files; got {self.name!r}; "
                "put the words into title"
            )


@dataclass(frozen=True)
class Files:
    """Where the three files of a saved figure are."""

    png: Path
    svg: Path
    csv: Path


def save(figure: Figure, directory: Path) -> Files:
    """Draw `figure` and write <name>.png (150 dpi), <name>.svg and <name>.csv into `directory`, made if missing.

    Drawing again gives the same bytes. Whatever `figure.draw` raises passes through; no file is written then.

    >>> import tempfile
    >>> bars = Figure("bars", "Two bars", "", [{"x": 1, "y": 2}], lambda canvas: canvas.subplots().bar([1], [2]))
    >>> files = save(bars, Path(tempfile.mkdtemp()))
    >>> files.csv.read_text().splitlines()
    ['x,y', '1,2']
    """
    png, svg = _drawn(figure)
    directory.mkdir(parents=True, exist_ok=True)
    files = Files(*(directory / f"{figure.name}.{suffix}" for suffix in ("png", "svg", "csv")))
    write_atomic(files.png, png)
    write_atomic(files.svg, svg)
    write_atomic(files.csv, to_csv(figure.rows).encode())
    return files


def _drawn(figure: Figure) -> tuple[bytes, bytes]:
    """PNG and SVG bytes; a Figure object of our own, so pyplot's global state is never involved."""
    from matplotlib.figure import Figure as Canvas

    png, svg = io.BytesIO(), io.BytesIO()
    with house_style():
        canvas = Canvas(figsize=figure.size)
        figure.draw(canvas)
        canvas.savefig(png, format="png", metadata={"Software": None})
        # Date and Creator would make every file differ from the last.
        canvas.savefig(svg, format="svg", metadata={"Date": None, "Creator": None, "Title": figure.title})
    return png.getvalue(), svg.getvalue()


def to_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    r"""`rows` as CSV text with a header; columns in the order first seen, a missing value is an empty cell.

    >>> to_csv([{"label": "gated", "mean": 0.94}, {"label": "paper", "n": 1}])
    'label,mean,n\ngated,0.94,\npaper,,1\n'
    """
    columns = list(dict.fromkeys(key for row in rows for key in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
