"""Figures 2 to 5 of the light-switch paper, redrawn from our records."""

import math
import statistics
from pathlib import Path
from typing import TYPE_CHECKING

from rewire.figures import Figure, Row, curves, heatmap, matrix, mean_std, ridge
from rewire.runs import Records

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

SHOWN = 6  # histograms over time, evenly chosen, or the ridge is too dense to read


def draw(records: Records, directory: Path) -> list[Figure]:
    """The figures whose records are there."""
    makers = (weights, masks, between, gradients, penalties, models)
    return [figure for make in makers if (figure := make(records)) is not None]


def weights(records: Records) -> Figure | None:
    """Fig 2: the weights W ⊙ mask of layer 2 over time."""
    panels = {label: _over_time(records, label) for label in ("gated", "hard")}
    if not panels["gated"]:
        return None
    rows = [{"label": label} | row for label, panel in panels.items() for row in panel]

    def paint(canvas: "Canvas") -> None:
        axes = canvas.subplots(1, 2, sharex=True)
        for panel, (label, found) in zip(axes, panels.items()):
            ridge(panel, found, over="step", xlabel="weight × mask", overlap=0.95)
            panel.set_title({"gated": "sigmoid gate (the paper's)", "hard": "hard gate"}[label])
            panel.set_xlim(-0.75, 0.75)

    caption = (
        "Weights of layer 2 as the tasks see them, W ⊙ mask, all tasks pooled, at six times of one training run "
        f"(seed {_first_seed(records)}). Heights are scaled by the square root of the density."
    )
    return Figure("fig2-weights", "Weights over time", caption, rows, paint, size=(8.0, 4.0))


def _over_time(records: Records, label: str) -> list[Row]:
    rows = [row for row in records.where(label=label, seed=_first_seed(records)) if "weights" in row]
    chosen = [rows[round(k * (len(rows) - 1) / (SHOWN - 1))] for k in range(SHOWN)] if len(rows) > SHOWN else rows
    return [{"step": row["step"]} | bin for row in chosen for bin in _bins(row["weights"], (-1.0, 1.0))]


def _bins(counts: list[int], limits: tuple[float, float]) -> list[Row]:
    """Counts in equal bins between the limits as densities that integrate to 1."""
    low, width = limits[0], (limits[1] - limits[0]) / len(counts)
    total = max(sum(counts), 1)
    return [
        {"left": low + k * width, "right": low + (k + 1) * width, "density": count / total / width}
        for k, count in enumerate(counts)
    ]


def masks(records: Records) -> Figure | None:
    """Fig 3: each task's masks in layers 1 and 2 at the end."""
    found = {row["layer"]: row["masks"] for row in _ends(records)}
    if not found:
        return None
    panels = {
        layer: [{"task": task} | bin for task, counts in enumerate(found[layer]) for bin in _bins(counts, (0, 1))]
        for layer in (1, 2)
    }
    rows = [{"layer": layer} | row for layer, panel in panels.items() for row in panel]

    def paint(canvas: "Canvas") -> None:
        for panel, (layer, bins) in zip(canvas.subplots(1, 2, sharex=True), panels.items()):
            ridge(panel, bins, over="task", xlabel="mask σ(M)", overlap=0.95)
            panel.set_title(f"layer {layer}")

    caption = (
        "Distribution of the masks σ(M) of every task at the end of training, sigmoid gate, "
        f"seed {_first_seed(records)}: {sum(found[1][0])} masks per task in layer 1, {sum(found[2][0])} in layer 2. "
        "Heights are scaled by the square root of the density."
    )
    return Figure("fig3-masks", "Masks of each task", caption, rows, paint, size=(8.0, 4.6))


def between(records: Records) -> Figure | None:
    """Fig 3 in numbers: distances between the tasks' distributions."""
    found = {row["layer"]: row["distances"] for row in _ends(records)}
    if not found:
        return None
    names = [str(task) for task in range(len(found[1]))]
    tables = {layer: matrix(found[layer], names) for layer in (1, 2)}
    rows = [{"layer": layer} | row for layer, table in tables.items() for row in table]
    largest = max(row["value"] for row in rows)

    def paint(canvas: "Canvas") -> None:
        for panel, (layer, table) in zip(canvas.subplots(1, 2), tables.items()):
            heatmap(panel, table, limits=(0, largest), label="Wasserstein distance")
            panel.set_title(f"layer {layer}")
            panel.set_xlabel("task")
            panel.set_ylabel("task")

    caption = (
        "Wasserstein-1 distance between the distributions of two tasks' masks (0: the same, 1: all on and all off). "
        f"Sigmoid gate, end of training, seed {_first_seed(records)}."
    )
    return Figure("distances", "Distances between tasks' masks", caption, rows, paint, size=(9.6, 4.2))


def gradients(records: Records) -> Figure | None:
    """Fig 4: the gradients of equations 4 and 5."""
    found = {row["penalty"]: row for row in records.where(label="formulas") if "autograd" in row}
    if not found:
        return None
    names = {"absolute": "eq. 4, Σ exp(−|θ|)", "gaussian": "eq. 5, Σ exp(−θ²)"}
    rows = [
        {"penalty": names[name], "theta": theta, "gradient": value}
        for name, row in found.items()
        for theta, value in zip(row["theta"], row["autograd"])
    ]

    def paint(canvas: "Canvas") -> None:
        axes = canvas.subplots()
        curves(axes, rows, x="theta", y="gradient", by="penalty", xlabel="score θ", ylabel="∂ regulariser / ∂θ")

    caption = (
        "Gradients of the two regularisers, from autograd. Descent follows minus the gradient, away from 0. "
        "That of eq. 5 is largest at |θ| = 1/√2 and vanishes at 0, where every score starts."
    )
    return Figure("fig4-gradients", "Gradients of the regularisers", caption, rows, paint)


def penalties(records: Records) -> Figure | None:
    """Fig 5: test loss with and without regularisers."""
    labels = [label for label in records.by("label") if label == "none" or label.startswith(("absolute", "gaussian"))]
    rows = _test_curves(records, labels)
    if not rows:
        return None

    def paint(canvas: "Canvas") -> None:
        for panel, name in zip(canvas.subplots(1, 2, sharey=True), ("absolute", "gaussian")):
            mine = [row | {"label": row["label"].replace(name, "weight")} for row in rows]
            mine = [row for row in mine if row["label"].startswith(("none", "weight"))]
            curves(panel, mine, ylabel="log₁₀ test MSE" if name == "absolute" else "")
            panel.set_title({"absolute": "eq. 4, absolute", "gaussian": "eq. 5, squared"}[name])

    caption = (
        "Test error of the gated sinusoid network, mean over tasks, without a regulariser and with weights .05, .2 and "
        f"1; mean ± standard deviation of {min(row['n'] for row in rows)} seeds."
    )
    return Figure("fig5-regularisers", "Regularised masks", caption, rows, paint, size=(8.6, 3.9))


def models(records: Records) -> Figure | None:
    """The gated network beside its alternatives."""
    rows = _test_curves(records, ["gated", "hard", "shared", "separate"])
    if not rows:
        return None

    def paint(canvas: "Canvas") -> None:
        axes = canvas.subplots()
        curves(axes, rows, ylabel="log₁₀ test MSE")

    caption = (
        "Test error on ten sinusoid tasks, mean over tasks; mean ± standard deviation of "
        f"{min(row['n'] for row in rows)} seeds. Steps are over all tasks together."
    )
    return Figure("models", "Gated, shared and separate networks", caption, rows, paint)


def _test_curves(records: Records, labels: list[str]) -> list[Row]:
    """log₁₀ of the test MSE (mean over tasks), its mean and spread over seeds, at every evaluation."""
    seeds = [
        {"label": label, "step": step, "seed": seed, "log10_mse": math.log10(statistics.fmean(found.values("mse")))}
        for label in labels
        for step, rows in records.where(label=label, split="test").by("step").items()
        for seed, found in rows.by("seed").items()
    ]
    return mean_std(seeds, "label", "step", of="log10_mse")


def _ends(records: Records) -> list[Row]:
    """The final records of layers of one gated run."""
    return [row for row in records.where(label="gated", seed=_first_seed(records)) if "distances" in row]


def _first_seed(records: Records) -> int:
    return min(records.where(label="gated").values("seed"), default=0)
