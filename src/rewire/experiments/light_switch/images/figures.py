"""Figures that the image recipes share: example images, accuracies beside the paper's, learning curves."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.light_switch.images.runs import artefact
from rewire.experiments.light_switch.images.wiring import PIXELS, read_images
from rewire.experiments.recipe import Stage
from rewire.figures import Figure, bars, curves, images, mean_std
from rewire.runs import Records

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas


def budget(records: Records, labels: Iterable[str]) -> str:
    """What stands behind a figure: how many seeds, and how far they were trained."""
    mine = [row for row in records if row["label"] in set(labels)]
    seeds = {row["seed"] for row in mine}
    steps = max((row["step"] for row in mine if "step" in row), default=0)
    return f"Mean over n = {len(seeds)} seeds after {steps} steps of batch 32."


def panel(path: Path, caption: str) -> list[Figure]:
    """The example images that a transforms stage kept, in one grid; no figure where they are missing."""
    if not path.exists():
        return []
    panels = {name.replace(": ", "\n"): tensor for name, tensor in read_images(path).items()}
    columns = min(len(panels), 5)
    size = (1.45 * columns, 2.0 * -(-len(panels) // columns))
    rows = [{"panel": name.replace("\n", ": "), "shape": "×".join(map(str, t.shape))} for name, t in panels.items()]
    return [
        Figure(
            "transforms",
            "The digits as the tasks see them",
            caption,
            rows,
            lambda c: images(c, panels, columns=columns),
            size,
        )
    ]


def accuracy_rows(
    records: Records, wanted: Mapping[str, tuple[str, str, str, int]], paper: Mapping[str, float]
) -> list[dict]:
    """Rows for `bars`. wanted: key → (group in the figure, stage label, task, step); paper: key → its number."""
    rows: list[dict] = []
    for key, (group, label, task, step) in wanted.items():
        found = records.where(label=label, task=task, step=step, split="test")
        about = {"group": group, "label": key.rsplit("/", 1)[-1], "task": task, "step": step, "paper": paper.get(key)}
        rows += [row | about for row in mean_std(found, "label", of="accuracy")]
    return rows


def accuracy_figure(
    name: str, title: str, caption: str, rows: list[dict], low: float = 0.0, width: float = 7.6
) -> list[Figure]:
    """Bars of accuracy, in groups; none without rows."""

    def draw(canvas: "Canvas") -> None:
        axes = canvas.subplots()
        bars(axes, rows, group="group", ylabel="test accuracy")
        axes.set_ylim(low, 1.0)

    return [Figure(name, title, caption, rows, draw, size=(width, 3.6))] if rows else []


def curve_figure(
    name: str, title: str, caption: str, records: Records, labels: Mapping[str, str], tasks: tuple[str, ...], split: str
) -> list[Figure]:
    """Accuracy against steps, a panel per task; none where only the last steps were evaluated."""
    rows = [
        {**row, "label": labels[row["label"]]}
        for row in mean_std(records.where(split=split), "label", "task", "step", of="accuracy")
        if row["label"] in labels and row["task"] in tasks
    ]
    if len({row["step"] for row in rows}) < 4:
        return []

    def draw(canvas: "Canvas") -> None:
        for index, (axes, task) in enumerate(zip(canvas.subplots(1, len(tasks), sharey=True, squeeze=False)[0], tasks)):
            mine = [row for row in rows if row["task"] == task]
            curves(axes, mine, ylabel="test accuracy" if index == 0 else "")
            axes.set_title(task)

    return [Figure(name, title, caption, rows, draw, size=(2.2 + 2.3 * len(tasks), 3.5))]


def pixel_files(runs: Path, stages: Iterable[Stage], wanted: Mapping[str, str]) -> dict[str, Path]:
    """Panel title → the pixel maps of the first finished run of each wanted stage, whichever budget made it."""
    found: dict[str, Path] = {}
    for stage in stages:
        for seed in stage.seeds if stage.label in wanted else ():
            path = artefact(runs, stage.config, seed, PIXELS)
            if path.exists():
                found.setdefault(wanted[stage.label], path)
    return found
