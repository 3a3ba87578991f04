"""Figures of zhou/supermask: learning curves, the density that masks choose, and the final accuracies."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rewire.experiments.zhou.supermask.claims import PAPER, final
from rewire.experiments.zhou.supermask.stages import MASKED, TRAINED
from rewire.figures import Figure, bars, curves, mean_std
from rewire.runs import Records

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas


def figures(records: Records) -> list[Figure]:
    """What the records allow to draw."""
    return [_curves(records), _layers(records), _final(records)] if len(records.where(split="test")) else []


def _curves(records: Records) -> Figure:
    panels = {
        "test accuracy": _rows(records, (*MASKED, TRAINED), "accuracy"),
        "density of the mask": _rows(records, MASKED, "density"),
    }
    caption = (
        "Left: accuracy, the mean over sampled masks. Right: the expected fraction of weights that are on, which "
        f"nothing prescribes. {_seeds(records)}"
    )

    def draw(canvas: "Canvas") -> None:
        for axes, (what, rows) in zip(canvas.subplots(1, 2), panels.items()):
            curves(axes, [row for row in rows if row["step"]], ylabel=what)

    rows = [{**row, "what": what} for what, each in panels.items() for row in each]
    return Figure("learning", "Learning a mask over weights that never change", caption, rows, draw, (8.8, 3.8))


def _layers(records: Records) -> Figure:
    last = {label: max(records.where(label=label).values("step"), default=0) for label in MASKED}
    rows = [
        {**row, "task": row["layer"]}
        for label in MASKED
        for row in mean_std(records.where(label=label, step=last[label]), "label", "layer", of="layer_density")
    ]
    caption = f"The density that each layer's mask has come to; it began at ½. {_seeds(records)}"

    def draw(canvas: "Canvas") -> None:
        axes = canvas.subplots()
        bars(axes, rows, ylabel="density")
        axes.axhline(0.5, color="#59636e", linewidth=1, linestyle="--")

    return Figure("densities", "The density that masks choose", caption, rows, draw, (6.4, 3.4))


def _final(records: Records) -> Figure:
    known = [label for label in (*MASKED, TRAINED) if len(records.where(label=label, split="test"))]
    rows = []
    for label in known:
        values = [{"label": label, "value": value} for value in final(records, label).values()]
        rows += [
            {**row, "task": "784-300-100-10", "paper": PAPER[label]} for row in mean_std(values, "label", of="value")
        ]
    caption = f"Test accuracy at the end of training, beside Table 2 of the paper. {_seeds(records)}"

    def draw(canvas: "Canvas") -> None:
        axes = canvas.subplots()
        bars(axes, rows, ylabel="test accuracy")
        axes.set_ylim(max(0, min(row["mean"] for row in rows) - 0.05), 1)

    return Figure("final", "Masks beside trained weights", caption, rows, draw, (6.4, 3.8))


def _rows(records: Records, labels: Sequence[str], of: str) -> list[dict]:
    mine = [row for label in labels for row in records.where(label=label, split="test")]
    return mean_std(mine, "label", "step", of=of)


def _seeds(records: Records) -> str:
    return f"n = {len(records.by('seed'))} seeds, mean ± standard deviation."
