"""What the recipes that move tickets draw alike: how the smallest tickets train, here and there."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rewire.figures import Figure, curves, mean_std
from rewire.runs import Records

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

FEWEST = 4  # epochs that make a curve


def training_figure(panels: Mapping[str, Records], caption: str) -> list[Figure]:
    """Test accuracy by epoch of each panel's trainings, at the last level; no figure where there are too few epochs."""
    rows = {name: mean_std(records, "label", "at", of="accuracy_at") for name, records in panels.items()}
    rows = {name: each for name, each in rows.items() if len({row["at"] for row in each}) >= FEWEST}

    def draw(canvas: "Canvas") -> None:
        for axes, (name, each) in zip(canvas.subplots(1, len(rows), squeeze=False)[0], rows.items()):
            curves(axes, each, x="at", xlabel="step", ylabel=f"test accuracy, {name}")

    every = [{"panel": name, **row} for name, each in rows.items() for row in each]
    size = (1.0 + 3.7 * len(rows), 3.5)
    return [Figure("training", "The smallest tickets while they train", caption, every, draw, size)] if rows else []
