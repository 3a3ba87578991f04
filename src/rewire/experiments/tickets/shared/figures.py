"""Figures that the ticket recipes share: what is measured against the % of weights left, with bands over seeds."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from rewire.figures import Figure, curves, heatmap, mean_std
from rewire.runs import Records

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

TICKS = (100, 50, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05)
Rows = list[dict[str, Any]]


def level_rows(records: Iterable[Mapping[str, Any]], labels: Mapping[str, str], of: str) -> Rows:
    """Mean and spread over seeds of `of`, per label (a stage's → the one shown) and level; "left" is the percentage."""
    mine = [{**row, "label": labels[row["label"]]} for row in records if row.get("label") in labels]
    density = {(row["label"], row["level"]): row["density"] for row in mine if "level" in row}
    rows = mean_std(mine, "label", "level", of=of)
    return [{**row, "left": 100 * density[row["label"], row["level"]], "what": of} for row in rows]


def left_axis(axes: "Axes", rows: Rows) -> None:
    """The % of weights left, on a logarithmic axis that falls to the right."""
    axes.set_xscale("log")
    axes.set_xlim(max((row["left"] for row in rows), default=100) * 1.08, min(row["left"] for row in rows) / 1.08)
    low, high = sorted(axes.get_xlim())
    shown = [tick for tick in TICKS if low <= tick <= high]
    axes.set_xticks(shown, [f"{tick:g}" for tick in shown])
    axes.minorticks_off()
    axes.set_xlabel("% of weights left")


def panels_figure(
    name: str, title: str, caption: str, panels: Mapping[str, Rows], limits: Mapping[str, tuple[float, float]] = {}
) -> list[Figure]:
    """Panels side by side against the % of weights left, a line per label; no figure without rows."""
    panels = {what: rows for what, rows in panels.items() if rows}

    def draw(canvas: "Canvas") -> None:
        for axes, (what, rows) in zip(canvas.subplots(1, len(panels), squeeze=False)[0], panels.items()):
            curves(axes, rows, x="left", ylabel=what)
            left_axis(axes, rows)
            if what in limits:
                axes.set_ylim(*limits[what])

    rows = [row for each in panels.values() for row in each]
    return [Figure(name, title, caption, rows, draw, size=(1.0 + 3.7 * len(panels), 3.5))] if rows else []


def accuracy_figure(
    records: Records, labels: Mapping[str, str], title: str, caption: str, low: float | None = None
) -> list[Figure]:
    """Test accuracy and test loss against the % of weights left; `low` is where the accuracy axis starts."""
    panels = {f"test {of}": level_rows(records, labels, of) for of in ("accuracy", "loss")}
    return panels_figure("levels", title, caption, panels, {} if low is None else {"test accuracy": (low, 1.0)})


def early_stop_figure(records: Records, labels: Mapping[str, str], caption: str) -> list[Figure]:
    """The step of the least validation loss against the % of weights left; none where all stop at the same one."""
    rows = level_rows(records, labels, "early_stop")
    if len({row["mean"] for row in rows}) < 2:  # one look per level tells nothing
        return []
    return panels_figure("early-stop", "When training could have stopped", caption, {"early-stop iteration": rows})


def layers_figure(records: Records, label: str, caption: str) -> list[Figure]:
    """The density of each layer by level, of one stage."""
    mine = records.where(label=label)
    names = list(mine.by("layer"))
    rows = [
        {**row, "label": name, "left": 100 * row["mean"]}
        for name in names
        for row in mean_std(mine.where(layer=name), "level", of="layer_density")
    ]

    def draw(canvas: "Canvas") -> None:
        axes = canvas.subplots()
        percent = [{**row, "mean": row["left"], "std": 100 * row["std"]} for row in rows]
        curves(axes, percent, x="level", ylabel="% of the layer's weights left")
        axes.set_yscale("log")

    return [Figure("layers", "Densities per layer", caption, rows, draw)] if rows else []


def units_figure(records: Records, label: str, caption: str) -> list[Figure]:
    """Weights left into each output unit by level: mean over the seeds of one stage."""
    rows = [
        {"row": row["level"], "column": row["unit"], "value": row["mean"]}
        for row in mean_std(records.where(label=label), "level", "unit", of="unit_kept")
    ]

    def draw(canvas: "Canvas") -> None:
        axes = canvas.subplots()
        most = max(row["value"] for row in rows)
        heatmap(axes, rows, limits=(0, most), label="weights left", form="{:.3g}")
        axes.set_xlabel("output unit")
        axes.set_ylabel("level")

    size = (6.4, 1.2 + 0.24 * len({row["row"] for row in rows}))
    return [Figure("units", "Weights left into each output unit", caption, rows, draw, size)] if rows else []


def seeds_note(records: Records, labels: Iterable[str]) -> str:
    """How many seeds stand behind a figure."""
    counts = {label: len({row["seed"] for row in records if row.get("label") == label}) for label in labels}
    numbers = {count for count in counts.values() if count}
    each = ", ".join(f"{count} ({label})" for label, count in counts.items() if count)
    return f"n = {next(iter(numbers)) if len(numbers) == 1 else each} seeds; bands are ± one standard deviation."
