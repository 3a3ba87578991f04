"""Figures that the recipes of Permute to Train share: accuracy while training, weights before and after."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rewire.experiments.recipe import Stage
from rewire.figures import Figure, curves, mean_std
from rewire.runs import Records, run_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

Rows = list[dict[str, Any]]
COLOURS = "RdBu_r"  # weights: negative is blue, positive red, 0 white


def step_rows(records: Records, labels: Mapping[str, str], of: str = "accuracy") -> Rows:
    """Mean and spread over seeds of `of` by step, per label (a stage's → the one shown)."""
    mine = [row for row in records if row.get("label") in labels]
    rows = mean_std(mine, "label", "step", of=of)
    return [{**row, "label": labels[row["label"]], "what": of} for row in rows]


def curves_figure(
    name: str,
    title: str,
    caption: str,
    panels: Mapping[str, Rows],
    *,
    ylabel: str = "test accuracy",
    limits: Mapping[str, tuple[float, float]] = {},
    marks: Mapping[str, float] | None = None,
    sharey: bool = True,
) -> list[Figure]:
    """Panels side by side against the step, a line per label; no figure of fewer than four steps.

    limits: by the panel's title, its vertical axis. marks: as `curves` has them, in the last panel.
    """
    panels = {what: rows for what, rows in panels.items() if len({row["step"] for row in rows}) >= 4}

    def draw(canvas: "Canvas") -> None:
        grid = canvas.subplots(1, len(panels), squeeze=False, sharey=sharey)[0]
        for index, (axes, (what, rows)) in enumerate(zip(grid, panels.items())):
            shown = marks if index == len(panels) - 1 else None
            curves(axes, rows, ylabel=ylabel if index == 0 or not sharey else "", marks=shown)
            axes.set_title(what)
            if what in limits:
                axes.set_ylim(*limits[what])

    rows = [{"panel": what, **row} for what, each in panels.items() for row in each]
    return [Figure(name, title, caption, rows, draw, (1.4 + 3.6 * len(panels), 3.5))] if rows else []


def pictures(grid: Sequence[Sequence["Axes"]], panels: Sequence[Mapping[str, Any]], bound: float, label: str) -> None:
    """Rows of matrices on one scale from −bound to bound; each panel's title is its key."""
    import numpy as np

    image = None
    for line, each in zip(grid, panels):
        for axes, (title, values) in zip(line, each.items()):
            image = axes.imshow(np.asarray(values), cmap=COLOURS, vmin=-bound, vmax=bound, interpolation="nearest")
            axes.set_title(title, fontsize=9, loc="center", fontweight="normal")
            axes.set_xticks([])
            axes.set_yticks([])
            axes.spines[:].set_visible(False)
            axes.grid(visible=False)
    if image is not None:
        every = [axes for line in grid for axes in line]
        every[0].figure.colorbar(image, ax=every, label=label, shrink=0.8).outline.set_visible(False)


def artefact(runs: Path, stages: Iterable[Stage], label: str, name: str) -> Path | None:
    """The file of that name of the first run of a stage that has it; `runs` is the recipe's folder."""
    mine = (stage for stage in stages if stage.label == label)
    paths = (runs / run_name(stage.config) / f"seed{seed}" / name for stage in mine for seed in stage.seeds)
    return next((path for path in paths if path.exists()), None)


def seeds_note(records: Records, labels: Iterable[str]) -> str:
    """How many seeds stand behind a figure."""
    counts = {len({row["seed"] for row in records.where(label=label)}) for label in labels} - {0}
    number = f"{min(counts)} to {max(counts)}" if len(counts) > 1 else str(*counts)
    return f"n = {number} seeds; bands are ± one standard deviation." if counts else ""
