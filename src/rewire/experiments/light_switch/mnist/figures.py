"""Figures of light-switch/mnist."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.light_switch.images.config import LATE
from rewire.experiments.light_switch.images.figures import accuracy_figure, accuracy_rows, budget, curve_figure, panel
from rewire.experiments.light_switch.images.runs import PANELS, artefact
from rewire.experiments.light_switch.mnist.claims import ONE_TASK, PAPER_GIB, PAPER_IMAGES, TWINS
from rewire.experiments.light_switch.mnist.stages import TRANSFORMS
from rewire.figures import Figure
from rewire.runs import Records

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

NETWORKS = ("gated", "hard", "plain")
GROUPS = {
    "black, 1 channel": ("black 1-channel", "black", LATE),
    "black, 3 channels": ("black", "black", LATE),
    "two black: A": ("two black", "black A", LATE),
    "two black: B": ("two black", "black B", LATE),
}
PAPER = {"black, 3 channels/gated": ONE_TASK, "two black: A/gated": TWINS, "two black: B/gated": TWINS}


def figures(records: Records, runs: Path) -> list[Figure]:
    """All of them, as far as the records go."""
    return [
        *panel(
            artefact(runs, TRANSFORMS, 0, PANELS),
            "The first test image under every transform of 3.4 and 3.5; white on white leaves nothing to see.",
        ),
        *_accuracies(records),
        *_curves(records),
        *_memory(records),
    ]


def _accuracies(records: Records) -> list[Figure]:
    wanted = {
        f"{group}/{name}": (group, f"{family} {name}", task, step)
        for group, (family, task, step) in GROUPS.items()
        for name in NETWORKS
    }
    caption = (
        "Accuracy on the whole MNIST test set at step 490; the axis starts at .8. Means over seeds, whiskers ± one "
        "standard deviation, diamonds the paper's numbers (one seed). "
    ) + budget(records, [f"black {name}" for name in NETWORKS])
    return accuracy_figure("accuracy", "Black digits", caption, accuracy_rows(records, wanted, PAPER), low=0.8)


def _curves(records: Records) -> list[Figure]:
    labels = {f"black {name}": name for name in NETWORKS}
    caption = (
        f"A fixed tenth of the test set every 10 steps; bands are ± one standard deviation. {budget(records, labels)}"
    )
    return curve_figure(
        "learning", "Learning one black task, 3 channels", caption, records, labels, ("black",), "sample"
    )


def _memory(records: Records) -> list[Figure]:
    eager, lazy = (records.where(memory=name).rows for name in ("eager", "lazy"))
    if not eager or not lazy:
        return []
    row = eager[0]
    whole = row["pass_gib"] * PAPER_IMAGES / row["batch"]
    rows = [
        {"what": "the paper, one task", "gib": PAPER_GIB},
        {"what": "eager: images and one pass of 60,000", "gib": row["stack_gib"] + whole},
        {"what": "eager: peak while colouring", "gib": row["colouring_peak_gib"]},
        {"what": "eager: coloured images alone", "gib": row["stack_gib"]},
        {"what": "lazy: a whole run of three tasks", "gib": lazy[0]["peak_gib"]},
    ]

    def draw(canvas: "Canvas") -> None:
        axes = canvas.subplots()
        names = [each["what"] for each in rows]
        shown = axes.barh(names, [each["gib"] for each in rows])
        axes.bar_label(shown, fmt="%.2f", padding=3)
        axes.invert_yaxis()
        axes.set_xscale("log")
        axes.set_xlim(0.1, 60)
        axes.set_xlabel("GiB, logarithmic (the paper's: GB)")

    caption = (
        "Peak resident memory of fresh processes. Eager: every image of one task coloured beforehand, and one LeNet-5 "
        f"pass that keeps its graph (measured on {row['batch']:,} images, scaled to 60,000). Lazy: each batch coloured "
        "when it is used."
    )
    return [Figure("memory", "What colouring costs in memory", caption, rows, draw, size=(7.6, 3.0))]
