"""Draw helpers for recipes: each takes matplotlib axes and the rows that also become the figure's CSV.

    rows = mean_std(records, "label", "step", of="accuracy")
    Figure("accuracy", title, caption, rows, lambda canvas: curves(canvas.subplots(), rows, ylabel="test accuracy"))

Panels of one figure share one legend on top, and a label keeps its colour and dashes from panel to panel.
"""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rewire.figures.style import DASHES, INK, PAPER, SERIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PAPER = "paper"
Rows = Sequence[Mapping[str, Any]]


def curves(
    axes: "Axes",
    rows: Rows,
    *,
    x: str = "step",
    y: str = "mean",
    by: str = "label",
    std: str = "std",
    xlabel: str | None = None,
    ylabel: str = "",
    marks: Mapping[str, float] | None = None,
) -> None:
    """One line of `y` against `x` per value of `by`; a band of ± `std` where the rows carry it.

    `xlabel` defaults to the name of `x`; `marks` draws a labelled horizontal line per entry, {"paper": 0.9366}.
    """
    slots = _slots(axes, [row[by] for row in rows])
    for label, slot in slots.items():
        line = sorted((row for row in rows if row[by] == label), key=lambda row: row[x])
        if not line:
            continue
        xs, ys = [row[x] for row in line], [row[y] for row in line]
        spread = [row.get(std, 0.0) or 0.0 for row in line]
        colour = SERIES[slot % len(SERIES)]
        axes.plot(xs, ys, color=colour, linestyle=DASHES[slot % len(DASHES)], label=str(label))
        if any(spread):
            low, high = [m - s for m, s in zip(ys, spread)], [m + s for m, s in zip(ys, spread)]
            axes.fill_between(xs, low, high, color=colour, alpha=0.16, linewidth=0)
    for name, height in (marks or {}).items():
        axes.axhline(height, color=INK, linewidth=1, linestyle=DASHES[3])
        # x in axes units, y in data units: the words stand in the right margin, where no curve can cover them.
        across = axes.get_yaxis_transform()
        axes.annotate(f"{name}\n{height:g}", (1, height), (5, 0), across, "offset points", va="center", fontsize=9)
    axes.set_xlabel(x if xlabel is None else xlabel)
    axes.set_ylabel(ylabel)
    legend(axes)


def bars(
    axes: "Axes",
    rows: Rows,
    *,
    group: str = "task",
    by: str = "label",
    y: str = "mean",
    std: str = "std",
    paper: str = "paper",
    ylabel: str = "",
) -> None:
    """Groups of bars, one bar per value of `by`, with ± `std` whiskers; a diamond marks the paper's number.

    The paper's number is the row's value under `paper`; rows without one get no diamond.
    """
    groups = list(dict.fromkeys(row[group] for row in rows))
    slots = _slots(axes, [row[by] for row in rows])
    width = 0.8 / max(len(slots), 1)
    for place, (label, slot) in enumerate(slots.items()):
        mine = [row for row in rows if row[by] == label]
        at = [groups.index(row[group]) + (place - (len(slots) - 1) / 2) * width for row in mine]
        colour = SERIES[slot % len(SERIES)]
        axes.bar(at, [row[y] for row in mine], width * 0.92, color=colour, label=str(label))
        whiskers = [(a, row[y], row[std]) for a, row in zip(at, mine) if row.get(std)]
        if whiskers:
            axes.errorbar(*zip(*whiskers), fmt="none", ecolor=INK, elinewidth=1, capsize=2.5)
        _diamonds(axes, [(a, row[paper]) for a, row in zip(at, mine) if row.get(paper) is not None])
    axes.set_xticks(range(len(groups)), [str(name) for name in groups])
    axes.tick_params(axis="x", length=0)
    axes.set_ylabel(ylabel)
    legend(axes)


def ridge(axes: "Axes", rows: Rows, *, over: str = "step", xlabel: str = "value", overlap: float = 1.6) -> None:
    """Histograms stacked upwards, one per value of `over`, oldest at the top; rows as `tables.histograms` makes them.

    Heights are scaled by the square root of the density, or one late spike would flatten all the others.
    """
    keys = list(dict.fromkeys(row[over] for row in rows))
    peak = max((math.sqrt(row["density"]) for row in rows), default=0.0) or 1.0
    for depth, key in enumerate(keys):
        base = len(keys) - 1 - depth
        bins = [row for row in rows if row[over] == key]
        edges = [bins[0]["left"], *(row["right"] for row in bins)]
        tops = [base + overlap * math.sqrt(row["density"]) / peak for row in bins]
        axes.stairs(tops, edges, baseline=base, zorder=2 + depth, fill=True, facecolor=SERIES[0], alpha=0.75)
        axes.stairs(tops, edges, baseline=base, zorder=2 + depth, color=INK, linewidth=0.7)
    axes.set_yticks(range(len(keys)), [str(key) for key in reversed(keys)])
    axes.set_ylabel(over)
    axes.set_xlabel(xlabel)


def heatmap(
    axes: "Axes",
    rows: Rows,
    *,
    limits: tuple[float, float] = (0.0, 1.0),
    label: str = "",
    form: str = "{:.2f}",
) -> None:
    """A matrix of `value` by `row` and `column` (see `tables.matrix`), numbers written in where there is room."""
    names = list(dict.fromkeys(row["row"] for row in rows))
    columns = list(dict.fromkeys(row["column"] for row in rows))
    cells = {(row["row"], row["column"]): row["value"] for row in rows}
    grid = [[cells.get((name, column), math.nan) for column in columns] for name in names]
    image = axes.imshow(grid, vmin=limits[0], vmax=limits[1], aspect="auto", interpolation="nearest")
    axes.grid(visible=False)
    axes.set_xticks(range(len(columns)), [str(column) for column in columns])
    axes.set_yticks(range(len(names)), [str(name) for name in names])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.figure.colorbar(image, ax=axes, label=label).outline.set_visible(False)
    if len(columns) <= 10:
        middle = sum(limits) / 2
        for (name, column), value in cells.items():
            # On the dark half of the map the number is light, on the light half dark: both fixed, for the map is.
            axes.text(
                columns.index(column),
                names.index(name),
                form.format(value),
                ha="center",
                va="center",
                color="#ffffff" if value < middle else "#000000",
                fontsize=9,
            )


def images(canvas: Any, panels: Mapping[str, Any], *, columns: int | None = None) -> None:
    """A grid of titled images. `canvas`: a matplotlib Figure; a panel: [H, W] or [C, H, W], C 1 or 3, uint8 or [0, 1].

    Panels fill rows of `columns` (all in one row by default, at most 6).
    """
    columns = columns or min(len(panels), 6)
    grid = canvas.subplots(-(-len(panels) // columns), columns, squeeze=False).ravel()
    for axes in grid:
        axes.set_axis_off()
    for axes, (title, panel) in zip(grid, panels.items()):
        axes.imshow(_displayable(panel), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        axes.set_title(title, fontsize=9.5, loc="center", fontweight="normal")


def legend(axes: "Axes") -> None:
    """One legend on top of the whole figure, shared by its panels; none where a single label needs no key."""
    figure = axes.figure
    for old in list(figure.legends):
        old.remove()
    known = _handles(axes)
    if _PAPER in known:
        known[_PAPER] = known.pop(_PAPER)  # last, after the bars it is compared with
    if len(known) > 1:
        widest = 0.6 + 0.085 * max(map(len, known))  # inches: the sample line and its words
        columns = max(1, min(len(known), int(figure.bbox.width / figure.dpi / widest)))
        figure.legend(list(known.values()), list(known), loc="outside upper left", ncols=columns)


def _handles(axes: "Axes") -> dict[str, Any]:
    """What a legend would show, over all panels drawn so far."""
    return {label: handle for panel in axes.figure.axes for handle, label in zip(*panel.get_legend_handles_labels())}


def _slots(axes: "Axes", labels: Sequence[Any]) -> dict[Any, int]:
    """A place in the palette for each label; labels that an earlier panel drew keep theirs."""
    known = [label for label in _handles(axes) if label != _PAPER]
    order = list(dict.fromkeys([*known, *map(str, labels)]))
    return {label: order.index(str(label)) for label in labels}


def _diamonds(axes: "Axes", points: Sequence[tuple[float, float]]) -> None:
    if points:
        style = {"marker": "D", "s": 26, "facecolor": PAPER, "edgecolor": INK, "linewidth": 1.2, "zorder": 4}
        axes.scatter(*zip(*points), label=_PAPER, **style)


def _displayable(panel: Any) -> Any:
    """[C, H, W] or [H, W], uint8 or [0, 1] floats → what imshow takes, floats in [0, 1]."""
    import numpy as np

    array = np.asarray(panel)
    if array.ndim == 3 and array.shape[0] in (1, 3):
        array = np.moveaxis(array, 0, -1)
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[-1] not in (1, 3)):
        raise ValueError(
            f"a panel must be [H, W] or [C, H, W] with C 1 or 3; got shape {np.shape(panel)}; pass one image"
        )
    scaled = array / 255 if array.dtype == np.uint8 else array
    return np.clip(scaled.squeeze(-1) if scaled.shape[-1] == 1 else scaled, 0, 1)
