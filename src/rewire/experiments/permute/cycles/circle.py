"""Draw a permutation's cycles in a circle: slots around it, moves as arrows from where a value was to where it went."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rewire.figures import INK, MUTED, SERIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Rows = Sequence[Mapping[str, Any]]
BEND = 0.12  # of an arrow, so that two between the same slots stand apart


def circle(axes: "Axes", slots: Rows, edges: Rows, cycles: Sequence[Sequence[int]]) -> None:
    """Slots {"slot", "value"} in order, clockwise from the top; edges {"source", "target"} thin, cycles as arrows.

    A cycle [a, b, …] moves the value at b to a, as `permutations.cycles` has it. The colour of a slot is its value's.
    """
    place = {row["slot"]: _point(index, len(slots)) for index, row in enumerate(slots)}
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.set(xlim=(-1.12, 1.12), ylim=(-1.12, 1.12))
    for edge in edges:
        axes.plot(*zip(place[edge["source"]], place[edge["target"]]), color=MUTED, linewidth=0.35, alpha=0.25, zorder=1)
    for number, cycle in enumerate(cycles):
        for target, source in zip(cycle, [*cycle[1:], cycle[0]]):
            _arrow(axes, place[source], place[target], SERIES[number % len(SERIES)])
    _slots(axes, slots, place)


def _slots(axes: "Axes", slots: Rows, place: Mapping[int, tuple[float, float]]) -> None:
    values = [row["value"] for row in slots]
    limit = max(map(abs, values))
    size = max(9.0, 900 / len(slots))
    points = [place[row["slot"]] for row in slots]
    style: dict[str, Any] = {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit, "edgecolor": INK, "linewidth": 0.5}
    axes.scatter(*zip(*points), c=values, s=size, zorder=3, **style)
    if len(slots) <= 48:
        for row, (x, y) in zip(slots, points):
            axes.text(1.09 * x, 1.09 * y, str(row["slot"]), ha="center", va="center", fontsize=6.5, color=MUTED)


def _arrow(axes: "Axes", start: tuple[float, float], end: tuple[float, float], colour: str) -> None:
    style: dict[str, Any] = {
        "arrowstyle": "-|>,head_width=0.32,head_length=0.6",
        "mutation_scale": 9,
        "connectionstyle": f"arc3,rad={BEND}",
        "color": colour,
        "linewidth": 1.1,
        "shrinkA": 3,
        "shrinkB": 3,
    }
    axes.annotate("", end, start, arrowprops=style, zorder=2)


def _point(index: int, count: int) -> tuple[float, float]:
    angle = math.pi / 2 - 2 * math.pi * index / count
    return math.cos(angle), math.sin(angle)
