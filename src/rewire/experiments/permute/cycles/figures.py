"""Figs 5 and 6: cycles in a circle."""

from typing import TYPE_CHECKING, Any

from rewire.experiments.permute.cycles.circle import circle
from rewire.experiments.permute.cycles.stages import SUBGRAPH, SYNCS, K
from rewire.figures import Figure
from rewire.runs import Records

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

Rows = list[dict[str, Any]]
COLOURS = "A slot's colour is its value's: red above 0, blue below."


def figures(records: Records) -> list[Figure]:
    """Both, each of its first seed."""
    return [*_subgraph(_first_seed(records, SUBGRAPH)), *_syncs(_first_seed(records, SYNCS))]


def cycles_of(rows: Rows) -> list[list[int]]:
    """The cycles of records {"cycle", "place", "at"}, each as its slots in the order that a value goes through them."""
    found: dict[int, list[int]] = {}
    for row in sorted((row for row in rows if "cycle" in row), key=lambda row: (row["cycle"], row["place"])):
        found.setdefault(row["cycle"], []).append(row["at"])
    return list(found.values())


def _first_seed(records: Records, label: str) -> Records:
    mine = records.where(label=label)
    return mine.where(seed=min(mine.values("seed"))) if len(mine) else mine


def _subgraph(records: Records) -> list[Figure]:
    slots = [row for row in records if "slot" in row]
    edges = [row for row in records if "source" in row]
    rows = [*slots, *edges, *(row for row in records if "cycle" in row)]
    cycles = cycles_of(rows)

    def draw(canvas: "Canvas") -> None:
        left, right = canvas.subplots(1, 2)
        circle(left, slots, edges, [])
        left.set_title(f"{len(edges)} permitted moves")
        circle(right, slots, [], cycles)
        right.set_title(f"{len(cycles)} disjoint cycles")

    caption = (
        f"One subset of {len(slots)} slots of a logistic regression's weight vector of 784 on MNIST, numbered by slot: "
        f"all moves that SGPerm permits, and the cycles it finds among them, along which values move. {COLOURS}"
    )
    return [Figure("subgraph", "A permissibility graph", caption, rows, draw, (8.6, 4.5))] if slots else []


def _syncs(records: Records) -> list[Figure]:
    shown = list(dict.fromkeys(row["sync"] for row in records if "slot" in row))
    rows = [row for row in records if "slot" in row or "cycle" in row]

    def draw(canvas: "Canvas") -> None:
        for axes, sync in zip(canvas.subplots(1, len(shown), squeeze=False)[0], shown):
            mine = [row for row in rows if row["sync"] == sync]
            found = cycles_of(mine)
            circle(axes, [row for row in mine if "slot" in row], [], found)
            axes.set_title(f"steps {(sync - 1) * K} to {sync * K}: {len(found)} cycles, {sum(map(len, found))} slots")

    caption = (
        f"Where the 128 values of one weight vector went between two syncs of LAPerm (Adam, k = {K}, CIFAR-10), early "
        f"and late in training; a colour per cycle. {COLOURS}"
    )
    return [Figure("syncs", "Cycles between two syncs", caption, rows, draw, (4.5 * len(shown), 4.7))] if shown else []
