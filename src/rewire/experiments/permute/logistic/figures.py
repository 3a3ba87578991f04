"""Figures of permute/logistic."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.permute.logistic.stages import ADAM, BRACKET, PROJECT, SGPERM, WEIGHTS, stages
from rewire.experiments.permute.shared.figures import Rows, artefact, curves_figure, pictures, seeds_note, step_rows
from rewire.figures import Figure, curves
from rewire.runs import Records, read_tensors

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

LABELS = {label: label for label in (SGPERM, BRACKET, PROJECT, ADAM)}
BOUND = 0.0875  # √(6/784): Kaiming's uniform bound, and the paper's colour bar
MEASURES = {"weights changed": "changed", "mean |change| of those": "change", "L2 norm of the update": "length"}


def figures(records: Records, runs: Path) -> list[Figure]:
    """All of them, as far as the records go."""
    note = seeds_note(records, LABELS)
    rows = step_rows(records, LABELS)
    soon = [row for row in rows if row["step"] <= 100]
    return [
        *curves_figure(
            "accuracy",
            "Logistic regression, weights moved or changed",
            "Fig 8: test accuracy on MNIST by update, batches of 64. All begin with the same weights and see the same "
            f"batches. {note}",
            {"first 100 updates": soon, "800 updates": rows},
            marks={"paper": 0.87},
        ),
        *_changes(records, note),
        *_heatmaps(runs),
    ]


def _changes(records: Records, note: str) -> list[Figure]:
    """What each of the first updates does to the weights."""
    panels = {name: step_rows(records, LABELS, of) for name, of in MEASURES.items()}
    rows = [{"panel": name, **row} for name, each in panels.items() for row in each]

    def draw(canvas: "Canvas") -> None:
        for axes, (name, each) in zip(canvas.subplots(1, len(panels)), panels.items()):
            curves(axes, each, ylabel=name)
            axes.set_yscale("log")

    caption = (
        "The first 50 updates. SGPerm changes fewer weights and each of them by far more, for a value from elsewhere "
        f"in the weight vector takes its place. {note}"
    )
    return [Figure("changes", "Sparser and stronger", caption, rows, draw, (10.5, 3.5))] if rows else []


def _heatmaps(runs: Path) -> list[Figure]:
    """Fig 9 of the first seed that is there: every digit's weight vector before and after, and its mean image."""
    path = artefact(runs, stages("full"), SGPERM, WEIGHTS)
    if path is None:
        return []
    tensors, _ = read_tensors(path)
    side = round(tensors["before"].shape[1] ** 0.5)
    images = {name: values.view(-1, side, side) for name, values in tensors.items()}
    contrast = images["means"] - images["means"].mean(0)
    lines = {"before": images["before"], "after": images["after"], "strokes": contrast * BOUND / contrast.abs().max()}

    def draw(canvas: "Canvas") -> None:
        panels = [{f"{digit}, {name}": image for digit, image in enumerate(each)} for name, each in lines.items()]
        pictures(canvas.subplots(3, len(contrast)), panels, BOUND, "weight")

    caption = (
        "Fig 9: the ten weight vectors as images, before and after 800 updates of SGPerm: the same 784 values each, in "
        "other places. Third row: the digit's mean image minus the mean of all ten (its own scale). One seed."
    )
    return [Figure("heatmaps", "Weights move onto the strokes", caption, _summary(lines), draw, (12.0, 4.2))]


def _summary(lines: dict) -> Rows:
    """What the CSV holds of the pictures: mean, spread and range, per digit."""
    return [
        {"picture": name, "digit": digit, "mean": float(image.mean()), "std": float(image.std())}
        | {"least": float(image.min()), "most": float(image.max())}
        for name, images in lines.items()
        for digit, image in enumerate(images)
    ]
