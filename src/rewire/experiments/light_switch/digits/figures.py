"""Figures of light-switch/digits, the demo."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.light_switch.digits.claims import TASKS
from rewire.experiments.light_switch.digits.stages import TRANSFORMS, stages
from rewire.experiments.light_switch.images.figures import budget, curve_figure, panel, pixel_files
from rewire.experiments.light_switch.images.runs import PANELS, artefact
from rewire.experiments.light_switch.images.wiring_figures import wiring_figures
from rewire.figures import Figure, curves, mean_std
from rewire.runs import Records

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

NETWORKS = ("gated", "hard", "shared", "separate")


def figures(records: Records, runs: Path) -> list[Figure]:
    """All of them, as far as the records go."""
    labels = {name: name for name in NETWORKS}
    pixels = pixel_files(runs, [*stages("full"), *stages("quick")], {"gated": "gated", "hard": "hard"})
    return [
        *panel(artefact(runs, TRANSFORMS, 0, PANELS), "A bundled 8×8 digit, enlarged to 32×32, as each task shows it."),
        *curve_figure(
            "learning",
            "Three coloured tasks, four kinds of network",
            f"Accuracy on all 355 test digits; bands are ± one standard deviation. {budget(records, labels)}",
            records,
            labels,
            TASKS,
            "test",
        ),
        *_storage(records),
        *wiring_figures(records, {"gated": "gated (sigmoid)", "hard": "hard"}, pixels),
    ]


def _storage(records: Records) -> list[Figure]:
    found = [row for row in records.where(label="hard") if "stored" in row]
    if not found:
        return []
    sizes = {row["label"]: row["mean"] / 1000 for row in mean_std(_kinds(found), "label", of="bytes")}
    rows = [
        {"tasks": tasks, "label": label, "mean": amount}
        for tasks in (1, 2, 3, 5, 10, 20)
        for label, amount in (
            ("separate networks", tasks * sizes["values"]),
            ("shared values and a mask per task", sizes["values"] + tasks * sizes["task"]),
        )
    ]

    def draw(canvas: "Canvas") -> None:
        axes = canvas.subplots()
        curves(axes, rows, x="tasks", xlabel="tasks", ylabel="kB on disk")
        axes.set_ylim(0, None)
        axes.set_xticks([1, 5, 10, 15, 20])

    caption = (
        f"From the files of the hard gate: values {sizes['values']:.0f} kB once, {sizes['task']:.1f} kB for a task's "
        f"masks ({found[0]['weights']:,} weights, one bit each, and a header). Three tasks were trained; the rest is "
        "computed."
    )
    return [Figure("storage", "What a further task takes", caption, rows, draw)]


def _kinds(rows: list[dict]) -> list[dict]:
    return [{**row, "label": "values" if row["stored"] == "values" else "task"} for row in rows]
