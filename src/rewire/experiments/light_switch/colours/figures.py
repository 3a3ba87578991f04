"""Figures of light-switch/colours."""

from pathlib import Path

from rewire.experiments.light_switch.colours.claims import BLACK_RED, PRIMARY, WHITE
from rewire.experiments.light_switch.colours.stages import TRANSFORMS, stages
from rewire.experiments.light_switch.images.config import EARLY, LATE
from rewire.experiments.light_switch.images.figures import (
    accuracy_figure,
    accuracy_rows,
    budget,
    curve_figure,
    panel,
    pixel_files,
)
from rewire.experiments.light_switch.images.runs import PANELS, artefact
from rewire.experiments.light_switch.images.wiring_figures import wiring_figures
from rewire.figures import Figure
from rewire.runs import Records

NETWORKS = ("gated", "hard", "shared", "separate", "separate 3T zero gradients")
# group in the figure → family, task, step
GROUPS = {
    "red of 3\nprimaries": ("primaries", "red", LATE),
    "black of\nblack+red": ("black+red", "black", LATE),
    "red of\nblack+red": ("black+red", "red", LATE),
    "maroon of 3\n(step 140)": ("white", "maroon", EARLY),
    "white of 3\n(step 140)": ("white", "white", EARLY),
    "black of\n+inverse": ("inverse", "black", LATE),
    "inverse of\nblack+": ("inverse", "inverse", LATE),
}
PAPER = {
    **{f"red of 3\nprimaries/{name}": value for name, value in PRIMARY.items()},
    "black of\nblack+red/gated": BLACK_RED,
    "red of\nblack+red/gated": BLACK_RED,
    **{f"maroon of 3\n(step 140)/{name}": value for name, value in WHITE.items()},
}
CURVES = {"primaries": ("red", "green", "blue"), "inverse": ("black", "inverse"), "white": ("maroon", "leaf", "white")}


def figures(records: Records, runs: Path) -> list[Figure]:
    """All of them, as far as the records go."""
    return [
        *panel(
            artefact(runs, TRANSFORMS, 0, PANELS),
            "One test image on each task's background: x + (1 − x)·c, and x·c + (1 − x) for inverse.",
        ),
        *_accuracies(records),
        *(figure for family, tasks in CURVES.items() for figure in _curves(records, family, tasks)),
        *wiring_figures(records, {"primaries gated": "gated (sigmoid)", "primaries hard": "hard"}, _pixels(runs)),
    ]


def _accuracies(records: Records) -> list[Figure]:
    wanted = {
        f"{group}/{name}": (group, f"{family} {name}", task, step)
        for group, (family, task, step) in GROUPS.items()
        for name in NETWORKS
    }
    rows = accuracy_rows(records, wanted, PAPER)
    caption = (
        "Accuracy on the whole MNIST test set at step 490 (140 where marked); means over seeds, whiskers ± one "
        "standard deviation, diamonds the paper's numbers (one seed). separate 3T zero gradients trains everything "
        "at 3·T·lr, as the authors' code does; separate trains at lr. "
    ) + budget(records, [f"primaries {name}" for name in NETWORKS])
    return accuracy_figure("accuracy", "Coloured digits", caption, rows, width=9.6)


def _curves(records: Records, family: str, tasks: tuple[str, ...]) -> list[Figure]:
    labels = {f"{family} {name}": name for name in NETWORKS}
    caption = (
        f"A fixed tenth of the test set every 10 steps; bands are ± one standard deviation. {budget(records, labels)}"
    )
    return curve_figure(f"learning-{family}", f"Learning: {family}", caption, records, labels, tasks, "sample")


def _pixels(runs: Path) -> dict[str, Path]:
    wanted = {"primaries gated": "gated", "primaries hard": "hard"}
    return pixel_files(runs, [*stages("full"), *stages("quick")], wanted)
