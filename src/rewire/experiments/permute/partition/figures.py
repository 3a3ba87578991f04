"""Fig 4: a weight vector as a picture, one part of it, and both sorted."""

import math
from typing import TYPE_CHECKING, Any

from rewire.experiments.permute.partition.stages import PartitionConfig
from rewire.figures import INK, SERIES, Figure
from rewire.runs import Records

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

SHOWN = 3  # parts that the pictures pick out


def figures(records: Records) -> list[Figure]:
    """Fig 4, of the first seed."""
    slots = [row for row in records if "part" in row]
    if not slots:
        return []
    seed = min(row["seed"] for row in slots)
    rows = sorted((row for row in slots if row["seed"] == seed), key=lambda row: row["slot"])
    lam = PartitionConfig().partitions[0]
    caption = (
        f"The {len(rows)} values of one weight vector as a picture, the slots of {SHOWN} of its parts at λ = {lam:g}, "
        "and the values sorted: one part's (dots) keep the whole's range, farther apart."
    )

    def draw(canvas: "Canvas") -> None:
        left, middle, right = canvas.subplots(1, 3, width_ratios=(1, 1, 1.25))
        _picture(left, rows)
        _parts(middle, rows)
        _profile(right, rows)

    return [Figure("partition", "A partition of a weight vector", caption, rows, draw, (9.6, 3.3))]


def _picture(axes: "Axes", rows: list[dict[str, Any]]) -> None:
    limit = max(abs(row["value"]) for row in rows)
    axes.imshow(_square([row["value"] for row in rows]), cmap="RdBu_r", vmin=-limit, vmax=limit)
    _bare(axes, "the vector's values")


def _parts(axes: "Axes", rows: list[dict[str, Any]]) -> None:
    from matplotlib.colors import to_rgb

    colours = [to_rgb(SERIES[row["part"]]) if row["part"] < SHOWN else (0.93, 0.94, 0.95) for row in rows]
    axes.imshow(_square(colours))
    _bare(axes, f"slots of {SHOWN} parts of {1 + max(row['part'] for row in rows)}")


def _profile(axes: "Axes", rows: list[dict[str, Any]]) -> None:
    ranked = sorted(rows, key=lambda row: row["value"])
    axes.plot(range(len(ranked)), [row["value"] for row in ranked], color=INK, linewidth=0.8)
    for part in range(SHOWN):
        mine = [(rank, row["value"]) for rank, row in enumerate(ranked) if row["part"] == part]
        axes.scatter(*zip(*mine), s=12, color=SERIES[part], zorder=3)
    axes.set_title("sorted")
    axes.set_xlabel("rank")
    axes.set_ylabel("value")


def _square(values: list[Any]) -> list[list[Any]]:
    """A list as rows of a picture, as wide as high; what a square lacks stays empty."""
    width = math.isqrt(len(values))
    return [values[start : start + width] for start in range(0, width * width, width)]


def _bare(axes: "Axes", title: str) -> None:
    axes.set_title(title)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
