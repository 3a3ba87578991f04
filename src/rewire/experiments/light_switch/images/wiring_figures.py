"""What the masks of a gated network say, drawn: input channels, layers, overlap between tasks, pixels."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rewire.experiments.light_switch.images.figures import budget
from rewire.experiments.light_switch.images.wiring import COLOURS, read_images
from rewire.figures import SERIES, Figure, heatmap, images, legend, mean_std
from rewire.runs import Records

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

STATES = ("on", "undecided", "off")
STATE_COLOURS = (SERIES[0], "#c9d1d9", SERIES[1])


def wiring_figures(records: Records, labels: Mapping[str, str], pixel_files: Mapping[str, Path]) -> list[Figure]:
    """The figures of the runs that recorded their wiring.

    labels: stage label → what the figure calls it. pixel_files: panel title → file of pixel maps, where it exists.
    """
    shown = {label: name for label, name in labels.items() if len(records.where(label=label, wiring="masks"))}
    if not shown:
        return []
    drawn = [_channels(records, shown), _layers(records, shown), _overlap(records, shown)]
    return drawn + [_pixels(title, path) for title, path in pixel_files.items() if path.exists()]


def _channels(records: Records, labels: Mapping[str, str]) -> Figure:
    kinds = {"channels": "weights", "pixels": "pixels"}
    rows = [
        {**row, "of": what}
        for kind, what in kinds.items()
        for row in _named(mean_std(records.where(wiring=kind), "label", "task", "channel", of="share"), labels)
    ]

    def draw(canvas: "Canvas") -> None:
        grid = canvas.subplots(len(kinds), len(labels), squeeze=False, sharex=True, sharey=True)
        for line, what in zip(grid, kinds.values()):
            mine = [row for row in rows if row["of"] == what]
            for axes, name in zip(line, labels.values()):
                heatmap(axes, _cells(mine, name, "task", "channel"), limits=(0.0, 0.6), label="share")
                axes.set_title(f"{name}: {what}")
        for axes in grid[-1]:
            axes.set_xlabel("input channel")
        for axes in grid[:, 0]:
            axes.set_ylabel("task (background)")

    caption = (
        "Each input channel's share of the first layer's strength Σ|w ⊙ mask| (weights), and of Σ|∂ winning logit / "
        "∂ pixel| over test images (pixels); .33 is an equal share. On the diagonal the channel is 1 everywhere and "
        "tells nothing: where it goes dark, the diagonal is near 0. " + budget(records, labels)
    )
    return Figure("channels", "Which input channels a task uses", caption, rows, draw, size=(8.4, 5.6))


def _layers(records: Records, labels: Mapping[str, str]) -> Figure:
    found = records.where(wiring="masks")
    rows = _named(
        [{**row, "state": state} for state in STATES for row in mean_std(found, "label", "task", "tensor", of=state)],
        labels,
    )

    def draw(canvas: "Canvas") -> None:
        for axes, name in zip(_row(canvas, len(labels)), labels.values()):
            _stacked(axes, [row for row in rows if row["label"] == name and row["tensor"].endswith("weight")])
            axes.set_title(name)
        legend(canvas.axes[0])

    caption = (
        "Per layer, one bar for each task (top to bottom as trained): masks above .95 (on), below .05 (off) and "
        "between (undecided), weights only; the CSV has the biases too. " + budget(records, labels)
    )
    return Figure("layers", "Masks on, off and undecided", caption, rows, draw, size=(8.4, 4.0))


def _stacked(axes: "Axes", rows: Sequence[Mapping[str, Any]]) -> None:
    """Horizontal bars of the three fractions, grouped by layer, one bar per task."""
    tensors, tasks = (list(dict.fromkeys(row[key] for row in rows)) for key in ("tensor", "task"))
    height = 0.84 / len(tasks)
    left = dict.fromkeys(((tensor, task) for tensor in tensors for task in tasks), 0.0)
    for state, colour in zip(STATES, STATE_COLOURS):
        mine = {(row["tensor"], row["task"]): row["mean"] for row in rows if row["state"] == state}
        places = [tensors.index(t) + (tasks.index(k) - (len(tasks) - 1) / 2) * height for t, k in left]
        axes.barh(places, [mine[key] for key in left], height * 0.88, list(left.values()), color=colour, label=state)
        left = {key: start + mine[key] for key, start in left.items()}
    axes.set_yticks(range(len(tensors)), [tensor.removesuffix(".weight") for tensor in tensors])
    axes.invert_yaxis()
    axes.grid(visible=False)
    axes.set_xlim(0, 1)
    axes.set_xlabel("fraction of weights")


def _overlap(records: Records, labels: Mapping[str, str]) -> Figure:
    found = [{**row, "pair": f"{row['first']}–{row['second']}"} for row in records.where(wiring="overlap")]
    rows = _named(mean_std(found, "label", "pair", "tensor", of="overlap"), labels)
    weights = [row for row in rows if row["tensor"].endswith("weight")]
    weights = [{**row, "layer": row["tensor"].removesuffix(".weight")} for row in weights]

    def draw(canvas: "Canvas") -> None:
        for axes, name in zip(_row(canvas, len(labels)), labels.values()):
            heatmap(axes, _cells(weights, name, "layer", "pair"), label="Σ min / Σ max of masks")
            axes.set_title(name)
            axes.tick_params(axis="x", labelsize=8)

    caption = (
        "How much of their wiring two tasks share, layer by layer: Σ min / Σ max of their masks, the Jaccard index "
        "where masks are 0 or 1; 1 is the same wiring. " + budget(records, labels)
    )
    return Figure("overlap", "What tasks share", caption, rows, draw, size=(8.4, 3.8))


def _pixels(title: str, path: Path) -> Figure:

    maps = read_images(path)
    peak = max(float(each.max()) for each in maps.values())
    rows = [
        {"task": task, "channel": name, "mean": float(plane.mean()), "most": float(plane.max())}
        for task, each in maps.items()
        for name, plane in zip(COLOURS, each)
    ]
    panels = {
        f"{task} task, {name} channel": plane / peak
        for task, each in maps.items()
        for name, plane in zip(COLOURS, each)
    }
    caption = (
        "Mean |∂ winning logit / ∂ pixel| over test images, one row per task, on one scale (white is the largest). "
        f"Network: {title}, one seed."
    )
    slug = title.replace(" ", "-")
    return Figure(
        f"pixels-{slug}",
        f"Which pixels a task uses ({title})",
        caption,
        rows,
        lambda c: images(c, panels, columns=3),
        size=(6.4, 6.6),
    )


def _row(canvas: "Canvas", count: int) -> Sequence["Axes"]:
    return canvas.subplots(1, count, squeeze=False)[0]


def _named(rows: Sequence[Mapping[str, Any]], labels: Mapping[str, str]) -> list[dict]:
    return [{**row, "label": labels[row["label"]]} for row in rows if row["label"] in labels]


def _cells(rows: Sequence[Mapping[str, Any]], name: str, row: str, column: str) -> list[dict]:
    return [{"row": r[row], "column": r[column], "value": r["mean"]} for r in rows if r["label"] == name]
