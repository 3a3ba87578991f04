"""Fig 7: a sparse network before and after its wires moved, and after its values were trained."""

from typing import TYPE_CHECKING, Any

from rewire.figures import INK, MUTED, SERIES, Figure
from rewire.figures.style import PAPER
from rewire.runs import Records

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

HEIGHTS = (4, 6, 3)  # units per layer of the network


def wires(records: Records) -> list[Figure]:
    """A panel per phase: wires as wide as their values are large; those that are new since the last one in orange."""
    phases = [row for row in records if "wires" in row]
    if not phases:
        return []
    edges = [row for row in records if "is new" in row]
    moved = phases[1]["new"]
    caption = (
        f"The network 4-6-3 on iris, {phases[0]['wires']} of 42 weights not zero: drawn at random; after LAPerm, which "
        f"moved {moved} of them elsewhere (orange) and kept all values; after Adam, which kept the wires. Width: size "
        "of the value."
    )

    def draw(canvas: "Canvas") -> None:
        widest = max(abs(row["value"]) for row in edges)
        for axes, phase in zip(canvas.subplots(1, len(phases)), phases):
            _network(axes, [row for row in edges if row["phase"] == phase["phase"]], widest)
            axes.set_title(phase["phase"])

    return [Figure("wiring", "Rewiring", caption, edges, draw, (9.0, 2.9))]


def _network(axes: "Axes", edges: list[dict[str, Any]], widest: float) -> None:
    first = edges[0]["phase"] == "random zeros"
    for row in edges:
        start, end = _unit(row["layer"], row["source"]), _unit(row["layer"] + 1, row["target"])
        new = row["is new"] and not first
        width = 0.6 + 4 * abs(row["value"]) / widest
        axes.plot(*zip(start, end), color=SERIES[1] if new else MUTED, linewidth=width, alpha=0.8, zorder=1)
    for layer, count in enumerate(HEIGHTS):
        points = [_unit(layer, number) for number in range(count)]
        axes.scatter(*zip(*points), s=90, facecolor=PAPER, edgecolor=INK, linewidth=1, zorder=2)
    axes.set_axis_off()
    axes.margins(0.08)


def _unit(layer: int, number: int) -> tuple[float, float]:
    return float(layer), (HEIGHTS[layer] - 1) / 2 - number
