"""Figures of tickets/filters."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rewire.experiments.tickets.filters.stages import COSTS, NETWORKS, TRAINED
from rewire.experiments.tickets.shared.figures import seeds_note
from rewire.figures import Figure, bars, curves, mean_std
from rewire.runs import Records

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

STATES = {
    "pruned": "pruned, not retrained",
    "retrained": "shrunk and retrained",
    "scratch": "same network from nothing",
}
START = {"pruned": "dense", "retrained": "longer", "scratch": "longer"}  # the whole network with as much training
MEASURES = {
    "parameters": "parameters",
    "multiply_adds": "multiply-adds",
    "microseconds": "seconds",
}


def figures(records: Records, runs: Path) -> list[Figure]:
    """Accuracy against what a forward pass costs, and the costs before and after."""
    return [*_accuracy(records), *_costs(records)]


def _accuracy(records: Records) -> list[Figure]:
    mine = records.where(label=TRAINED)
    dense = mine.where(state="dense")
    if not len(dense):
        return []
    whole = dense.values("multiply_adds")[0]
    rows = [
        {**row, "label": name, "left": 100 * row["multiply_adds"] / whole}
        for state, name in STATES.items()
        if len(mine.where(state=state))
        for row in mean_std(
            [*mine.where(state=START[state]), *mine.where(state=state)], "keep", "multiply_adds", of="accuracy"
        )
    ]
    rows = [{**row, "mean": 100 * row["mean"], "std": 100 * row["std"]} for row in rows]

    def draw(canvas: "Canvas") -> None:
        trained = [row for row in rows if row["label"] != STATES["pruned"]]
        for axes, shown in zip(canvas.subplots(1, 2), (rows, trained)):
            curves(axes, shown, x="left", xlabel="% of multiply-adds left", ylabel="test accuracy, %")
            axes.invert_xaxis()

    caption = (
        "LeNet-5 on MNIST: each convolution loses the filters of smallest L1 norm and the network shrinks; right, the "
        "two that are trained afterwards. The retrained curve begins at the dense network trained on for as long. "
    ) + seeds_note(records, [TRAINED])
    return [Figure("accuracy", "Whole filters removed", caption, rows, draw, size=(8.4, 3.6))]


def _costs(records: Records) -> list[Figure]:
    mine = records.where(label=COSTS)
    rows: list[dict[str, Any]] = [
        {**row, "network": name.replace(", ", ",\n"), "label": shown}
        for name in NETWORKS
        for key, shown in MEASURES.items()
        for row in _relative(mine.where(network=name), key)
    ]
    if not rows:
        return []

    def draw(canvas: "Canvas") -> None:
        axes = canvas.subplots()
        bars(axes, [row for row in rows if row["keep"] == 0.5], group="network", by="label", ylabel="left, % of dense")

    caption = (
        "What is left of each network when every convolution that can keeps half of its filters (the CSV has other "
        "fractions). ResNet-20 loses the inner filters of its blocks, or also those that are added to others, which "
        f"must agree. Untrained networks; seconds are of this machine. {seeds_note(records, [COSTS])}"
    )
    return [Figure("costs", "Costs after shrinking", caption, rows, draw, size=(8.4, 3.6))]


def _relative(records: Records, key: str) -> list[dict[str, Any]]:
    """Mean and spread over seeds of a measure, in % of the dense network's of the same seed."""
    dense = {row["seed"]: row[key] for row in records.where(keep=1.0) if key in row}
    shrunk = [row for row in records if key in row and row["keep"] < 1 and row["seed"] in dense]
    if key == "microseconds":  # against the dense network's seconds at the same moment
        return mean_std([{**row, "left": 100 / row["faster"]} for row in shrunk], "keep", of="left")
    return mean_std([{**row, "left": 100 * row[key] / dense[row["seed"]]} for row in shrunk], "keep", of="left")
