"""Figures of permute/rewire."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rewire.experiments.permute.rewiring.stages import (
    END,
    FIXED,
    PERMUTED,
    REWIRED,
    START,
    WEIGHTS,
    stages,
)
from rewire.experiments.permute.shared.figures import artefact, curves_figure, pictures, seeds_note, step_rows
from rewire.figures import Figure
from rewire.runs import Records, read_tensors

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

LABELS = {label: label for label in (REWIRED, FIXED)}
EARLY = 2700
ROWS, COLUMNS = (100, 200), (100, 300)  # the part that Fig 14 shows
BOUND = 0.15
TITLES = {START: "random zeros", PERMUTED: "after 1500 batches of LAPerm", END: "after training, zeros frozen"}


def figures(records: Records, runs: Path) -> list[Figure]:
    """All of them, as far as the records go."""
    return [*_accuracy(records), *_patterns(records, runs)]


def _accuracy(records: Records) -> list[Figure]:
    rows = step_rows(records, LABELS)
    caption = (
        "Fig 15: test accuracy of 784-500-300-10 with 90 % zeros on MNIST. Rewired: LAPerm with k = 30 moves values "
        "and zeros for 1500 batches, then Adam trains what is not zero; fixed zeros: Adam does so from the start. "
        f"{seeds_note(records, LABELS)}"
    )
    first = [row for row in rows if row["step"] <= EARLY]
    trained = [row["mean"] for row in rows if row["step"] > EARLY]
    limits = {"all": (min(trained) - 0.003, max(trained) + 0.003)} if trained else {}
    panels = {"all": rows, f"first {EARLY} batches": first}
    return curves_figure("accuracy", "Connections moved first", caption, panels, limits=limits, sharey=False)


def _patterns(records: Records, runs: Path) -> list[Figure]:
    """Figs 13 and 14 of one seed, from whichever budget has it."""
    planned = [*stages("full"), *stages("quick")]
    path = artefact(runs, planned, REWIRED, WEIGHTS)
    if path is None:
        return []
    tensors, _ = read_tensors(path)
    whole = {title: tensors[when] for when, title in TITLES.items() if when in tensors}
    part = {title: weight[slice(*ROWS), slice(*COLUMNS)] for title, weight in whole.items()}
    note = "784 inputs across, 500 units down; white is zero. One seed."
    zoom = f"Units {ROWS[0]} to {ROWS[1]}, inputs {COLUMNS[0]} to {COLUMNS[1]} of the same."
    return [
        _heatmaps("connections", "Connections of the first layer", f"Fig 13: {note}", whole),
        _heatmaps("connections-zoom", "A part of them", f"Fig 14: {zoom} White is zero.", part),
    ]


def _heatmaps(name: str, title: str, caption: str, panels: dict[str, Any]) -> Figure:
    rows = [
        {"picture": what, "weights": weight.numel(), "not_zero": int(weight.count_nonzero())}
        for what, weight in panels.items()
    ]

    def draw(canvas: "Canvas") -> None:
        pictures([canvas.subplots(1, len(panels))], [panels], BOUND, "weight")

    return Figure(name, title, caption, rows, draw, (11.0, 2.6))
