"""Figures of permute/puzzle: the four steps on 16 tiles, a digit put together, and a network's wires."""

import math
from typing import TYPE_CHECKING, Any

from rewire.experiments.permute.puzzle.stages import DIGIT, NETWORK, TILES
from rewire.experiments.permute.puzzle.wires import wires
from rewire.figures import INK, SERIES, Figure, images
from rewire.runs import Records

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

Rows = list[dict[str, Any]]
STEPS = ("1  recommend", "2  connect", "3  find cycles", "4  permute")
SHOWN = 5  # states of the digit


def figures(records: Records) -> list[Figure]:
    """Fig 3 of the seed whose first update found most cycles, the others of their first seed."""
    return [
        *_four_steps(_most_cycles(records.where(label=TILES))),
        *_digit(_first_seed(records, DIGIT)),
        *wires(_first_seed(records, NETWORK)),
    ]


def _first_seed(records: Records, label: str) -> Records:
    mine = records.where(label=label)
    return mine.where(seed=min(mine.values("seed"))) if len(mine) else mine


def _most_cycles(records: Records) -> Records:
    found = {seed: len(set(rows.values("cycle"))) for seed, rows in records.by("seed").items()}
    return records.where(seed=max(found, key=lambda seed: (found[seed], -seed))) if found else records


def _four_steps(records: Records) -> list[Figure]:
    before, after = (_pieces(records, update) for update in (0, 1))
    if not after:
        return []
    edges = [row for row in records if "source" in row]
    moves = [row for row in records if "cycle" in row]
    last = max(records.values("update"))
    caption = (
        "One update of SGPerm on 16 shuffled tiles, numbered from dark to light (of ten runs, the one with most cycles "
        "in it). 1: what each slot wants, a lighter (▲) or a "
        "darker tile (▼). 2: every tile that may go to a slot. 3: disjoint cycles found there. 4: the tiles moved "
        f"along them. All tiles are in place after {last} updates."
    )

    def draw(canvas: "Canvas") -> None:
        panels = canvas.subplots(1, 4)
        for axes, title, pieces in zip(panels, STEPS, (before, before, before, after)):
            _tiles(axes, pieces)
            axes.set_title(title)
        _wishes(panels[0], before)
        for edge in edges:
            _arrow(panels[1], edge["source"], edge["target"], INK, 0.5, 0.7, head=5)
        _cycles(panels[2], moves)

    return [Figure("puzzle", "Four steps", caption, [*before, *edges, *moves, *after], draw, (9.6, 2.75))]


def _pieces(records: Records, update: int) -> Rows:
    return [row for row in records.where(update=update) if "slot" in row]


def _tiles(axes: "Axes", pieces: Rows) -> None:
    """The pieces as a picture, each with its number where the picture is whole when they count upwards."""
    width = math.isqrt(len(pieces))
    order = sorted(row["value"] for row in pieces)
    values = [row["value"] for row in pieces]
    grid = [values[start : start + width] for start in range(0, len(values), width)]
    axes.imshow(grid, cmap="gray", vmin=-0.7, vmax=1.15)  # neither black nor white: arrows are drawn on it
    for slot, value in enumerate(values):
        x, y = _place(slot, width)
        axes.text(x - 0.42, y - 0.4, str(order.index(value) + 1), fontsize=7, color=INK, ha="left", va="top")
    axes.set_axis_off()


def _wishes(axes: "Axes", pieces: Rows) -> None:
    most = max(abs(row["value"] - row["wanted"]) for row in pieces) or 1
    for row in pieces:
        off = row["wanted"] - row["value"]
        if off:
            x, y = _place(row["slot"], math.isqrt(len(pieces)))
            marker, colour = ("^", SERIES[0]) if off > 0 else ("v", SERIES[1])
            axes.scatter([x + 0.08], [y + 0.05], s=20 + 120 * abs(off) / most, marker=marker, color=colour)


def _cycles(axes: "Axes", moves: Rows) -> None:
    for number in dict.fromkeys(row["cycle"] for row in moves):
        slots = [row["at"] for row in moves if row["cycle"] == number]
        for target, source in zip(slots, [*slots[1:], slots[0]]):  # the value at a slot came from the next
            _arrow(axes, source, target, SERIES[number % len(SERIES)], 1.6, 1.0)


def _arrow(axes: "Axes", source: int, target: int, colour: str, width: float, alpha: float, head: float = 9) -> None:
    style: dict[str, Any] = {
        "arrowstyle": "-|>,head_width=0.32,head_length=0.6",
        "mutation_scale": head,
        "connectionstyle": "arc3,rad=0.18",
        "color": colour,
        "linewidth": width,
        "alpha": alpha,
        "shrinkA": 4,
        "shrinkB": 4,
    }
    axes.annotate("", _place(target, 4), _place(source, 4), arrowprops=style)


def _place(slot: int, width: int) -> tuple[int, int]:
    return slot % width, slot // width


def _digit(records: Records) -> list[Figure]:
    updates = [row["update"] for row in records if "distance" in row]
    if not updates:
        return []
    last = updates[-1]
    shown = sorted({round(last * part / (SHOWN - 1)) for part in range(SHOWN)})
    rows = [row for update in shown for row in _pieces(records, update)]
    caption = f"The pixels of a digit, shuffled, and put back by {last} updates of SGPerm; all at once is one subset."

    def draw(canvas: "Canvas") -> None:
        images(canvas, {f"after {update}": _grid(_pieces(records, update)) for update in shown})

    return [Figure("digit", "A digit put together", caption, rows, draw, (1.6 * len(shown), 1.9))]


def _grid(pieces: Rows) -> list[list[float]]:
    width = math.isqrt(len(pieces))
    return [[row["value"] for row in pieces[start : start + width]] for start in range(0, len(pieces), width)]
