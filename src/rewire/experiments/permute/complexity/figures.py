"""Figures of permute/complexity: cycles against 2^N; edges and times along each axis; the time of a sync."""

import math
from typing import TYPE_CHECKING, Any

from rewire.experiments.permute.complexity.claims import NAMES
from rewire.experiments.permute.complexity.stages import COUNTS, EDGES, TIMES
from rewire.figures import Figure, curves, mean_std
from rewire.runs import Records

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

Rows = list[dict[str, Any]]
WORDS = {"n": "n, values of a vector", "partition": "λ", "aggressiveness": "α"}


def figures(records: Records) -> list[Figure]:
    """What the records allow to draw."""
    timed = records.where(label=TIMES)
    return [
        *_cycles(records.where(label=COUNTS)),
        *_growth("graphs", "Graphs of SGPerm", records.where(label=EDGES), "edges", "edges per subset"),
        *_growth("steps", "Time of SGPerm's search", timed, "milliseconds", "ms per step"),
        *_sync(timed),
    ]


def _cycles(records: Records) -> list[Figure]:
    words = {"formula": "formula", "listed": "listed one by one", "power": "2^N"}
    rows = [{"label": words[of], "N": row["vertices"], "mean": row[of]} for of in words for row in records]
    listed = [row for row in rows if row["label"] == words["listed"]]

    def draw(canvas: "Canvas") -> None:
        axes = canvas.subplots()
        curves(axes, [row for row in rows if row not in listed], x="N", ylabel="cycles")
        axes.scatter([row["N"] for row in listed], [row["mean"] for row in listed], color="#1f2328", s=22, zorder=3)
        axes.set_yscale("log")

    caption = "Cycles of two or more vertices in a complete directed graph: by the formula, listed (●), and 2^N."
    return [Figure("cycles", "How many cycles there are", caption, rows, draw)] if rows else []


def _growth(name: str, title: str, records: Records, of: str, label: str) -> list[Figure]:
    rows = [
        {**row, "label": "measured"}
        for row in mean_std([each for each in records if "axis" in each], "axis", "value", of=of)
    ]
    bounds = {"n": 2.0, "partition": 2.0 if of == "edges" else 1.0, "aggressiveness": 1.0}
    for axis in NAMES:
        mine = [row for row in rows if row["axis"] == axis]
        rows += [_bound(row, mine[0], bounds[axis]) for row in mine]
    work = "α λ² n²" if of == "edges" else "α λ n²"

    def draw(canvas: "Canvas") -> None:
        for axes, axis in zip(canvas.subplots(1, len(NAMES), sharey=True), NAMES):
            mine = [row for row in rows if row["axis"] == axis]
            curves(axes, mine, x="value", xlabel=WORDS[axis], ylabel=label if axis == "n" else "")
            _logarithmic(axes, mine, rows)

    caption = (
        f"{title} along each of n, λ and α, the others held; dashed: {work}, through the first point. "
        f"n = {len(records.by('seed'))} seeds; bands are ± one standard deviation."
    )
    return [Figure(name, title, caption, rows, draw, (9.2, 3.1))] if rows else []


def _bound(row: dict[str, Any], first: dict[str, Any], order: float) -> dict[str, Any]:
    height = first["mean"] * (row["value"] / first["value"]) ** order
    return {"axis": row["axis"], "value": row["value"], "label": "bound", "mean": height}


def _sync(records: Records) -> list[Figure]:
    rows = [{**row, "label": "measured"} for row in mean_std(records, "length", of="milliseconds")]
    if not rows:
        return []
    first = rows[0]
    scale = first["mean"] / (first["length"] * math.log(first["length"]))
    line = [{"length": n, "label": "n log n", "mean": scale * n * math.log(n)} for n in (row["length"] for row in rows)]

    def draw(canvas: "Canvas") -> None:
        axes = canvas.subplots()
        curves(axes, [*rows, *line], x="length", xlabel="n, values of a vector", ylabel="ms per sync")
        _logarithmic(axes, [{"value": row["length"]} for row in rows], [*rows, *line])

    caption = (
        "Time in which LAPerm puts the values of a layer back by rank, by the length of its vectors; dashed: n log n "
        "through the first point."
    )
    return [Figure("sync", "Time of a sync", caption, [*rows, *line], draw)]


def _logarithmic(axes: "Axes", rows: Rows, heights: Rows) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(bottom=0.7 * min(row["mean"] for row in heights))  # a band may reach below 0
    ticks = sorted({row["value"] for row in rows})
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
