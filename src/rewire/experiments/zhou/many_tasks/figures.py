"""Figures of zhou/many-tasks: accuracy against bits, and the table behind it."""

from typing import TYPE_CHECKING

from rewire.experiments.zhou.many_tasks.stages import WAYS
from rewire.figures import INK, SERIES, Figure, bars, mean_std
from rewire.runs import Records

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

MARKS = "osD^vPX"


def figures(records: Records) -> list[Figure]:
    """What the records allow to draw."""
    rows = points(records)
    return [_plane(rows, _note(records)), _tasks(records)] if rows else []


def points(records: Records) -> list[dict]:
    """One row per way: mean and spread of its accuracy, bits per weight and task."""
    bits = {row["label"]: row["mean"] for row in mean_std(records, "label", of="bits_per_weight")}
    found = {row["label"]: row for row in mean_std(records, "label", of="mean_accuracy")}
    return [{**found[way], "what": WAYS[way], "bits_per_weight": bits[way]} for way in WAYS if way in found]


def _plane(rows: list[dict], note: str) -> Figure:
    caption = (
        "Mean test accuracy over all tasks against the bits that each task takes, per weight of the network: the sizes "
        "of files that hold all of them, divided by the number of tasks and of weights. Same images, as many steps "
        f"per task. {note}"
    )

    def draw(canvas: "Canvas") -> None:
        axes = canvas.subplots()
        for number, row in enumerate(rows):
            axes.errorbar(
                row["bits_per_weight"],
                row["mean"],
                row["std"],
                fmt=MARKS[number % len(MARKS)],
                color=SERIES[number % len(SERIES)],
                ecolor=INK,
                elinewidth=1,
                capsize=2.5,
                label=f"{row['label']}: {row['what']}",
            )
        axes.set_xscale("log", base=2)
        ticks = [1, 2, 4, 8, 16, 32]
        axes.set_xticks(ticks, [str(tick) for tick in ticks])
        axes.set_xlabel("bits per weight and task")
        axes.set_ylabel("mean test accuracy")
        canvas.legend(loc="outside upper left", ncols=2)

    return Figure("bits", "N tasks from one set of values", caption, rows, draw, (7.4, 4.6))


def _tasks(records: Records) -> Figure:
    rows = [
        {**row, "task": row["task"] + 1}
        for way in WAYS
        for row in mean_std(records.where(label=way), "label", "task", of="accuracy")
    ]

    def draw(canvas: "Canvas") -> None:
        axes = canvas.subplots()
        bars(axes, rows, ylabel="test accuracy")
        axes.set_xlabel("task")
        axes.set_ylim(max(0, min(row["mean"] for row in rows) - 0.05), 1)

    caption = f"Test accuracy task by task, mean ± std. {_note(records)}"
    return Figure("tasks", "Each task by each way", caption, rows, draw, (8.4, 3.6))


def _note(records: Records) -> str:
    seeds, tasks = len(records.by("seed")), len(records.by("task"))
    return f"{tasks} permuted tasks, n = {seeds} seeds."
