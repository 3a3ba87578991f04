"""Figures of light-switch/unseen: accuracy by every way to serve an unseen colour, mixtures, and guessed tasks."""

from typing import TYPE_CHECKING

from rewire.figures import Figure, bars, heatmap, mean_std
from rewire.runs import Records

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

GATES = ("gated", "hard")


def figures(records: Records) -> list[Figure]:
    """What the records allow to draw."""
    gates = [label for label in GATES if len(records.where(label=label, method="mixture"))]
    return [_ways(records, gates), _mixtures(records, gates), _guesses(records, gates)] if gates else []


def _ways(records: Records, gates: list[str]) -> Figure:
    most = max(records.where(method="mixture").values("shots"))
    steps = max(records.values("tuning"))
    shown = {
        "mean mask, no labels": {"method": "mean mask"},
        "guessed mask, no labels": {"method": "guessed mask"},
        f"best mask by {most} labels": {"method": "best mask", "shots": most},
        f"mixture learnt from {most} labels": {"method": "mixture", "shots": most},
        f"the same, scores tuned {steps} steps": {"method": "mixture, tuned", "tuning": steps},
        f"new scores, {steps} steps": {"method": "new scores", "tuning": steps},
    }
    rows = [
        {"label": way, "gate": row.pop("label"), **row}
        for way, equal in shown.items()
        for row in mean_std(records.where(**equal), "label", "task", of="accuracy")
    ]
    caption = (
        f"Test accuracy on backgrounds that were in no training task, mean ± std over n = {_seeds(records)} seeds. "
        f"Tuning moves the new task's scores only, on the same {most} labelled images. Own masks of the trained "
        f"colours reach {_own(records, gates)}."
    )

    def draw(canvas: "Canvas") -> None:
        for place, (axes, gate) in enumerate(zip(_panels(canvas, len(gates)), gates)):
            mine = [row for row in rows if row["gate"] == gate]
            bars(axes, mine, ylabel="" if place else "test accuracy")
            axes.set_title(gate)
            axes.set_ylim(0, 1)

    return Figure("unseen-colours", "Serving a colour that no training saw", caption, rows, draw, (8.4, 4.0))


def _mixtures(records: Records, gates: list[str]) -> Figure:
    most = max(records.where(method="mixture").values("shots"))
    rows = [
        {"gate": row["label"], "row": row["task"], "column": row["known"], "value": row["mean"], "n": row["n"]}
        for row in mean_std(records.where(shots=most), "label", "task", "known", of="alpha")
    ]
    caption = (
        f"Weights α of the mixture Σ α·mask that `fit_combination` learns from {most} labelled images of an unseen "
        f"colour (rows) over the masks of the trained ones (columns); mean over n = {_seeds(records)} seeds."
    )

    def draw(canvas: "Canvas") -> None:
        for axes, gate in zip(_panels(canvas, len(gates)), gates):
            heatmap(axes, [row for row in rows if row["gate"] == gate], label="α")
            axes.set_title(gate)

    return Figure("mixtures", "Which masks an unseen colour borrows", caption, rows, draw, (8.4, 2.9))


def _guesses(records: Records, gates: list[str]) -> Figure:
    rows = [
        {**row, "images": f"{row['crowd']} image{'s'[: row['crowd'] > 1]}"}
        for row in mean_std(records, "label", "crowd", of="guessed")
        if row["label"] in gates
    ]
    chance = max(records.values("chance"), default=0.0)
    guesses = sum(records.where(label=gates[0]).values("guesses")) // max(1, len({row["crowd"] for row in rows}))
    caption = (
        "How often one gradient of the outputs' entropy with respect to α names the trained task that unlabelled "
        f"images come from; {guesses} guesses per bar, std over n = {_seeds(records)} seeds; dashed: chance."
    )

    def draw(canvas: "Canvas") -> None:
        axes = canvas.subplots()
        bars(axes, rows, group="images", ylabel="share of right guesses")
        axes.axhline(chance, color="#59636e", linewidth=1, linestyle="--")
        axes.set_ylim(0, 1)

    return Figure("guesses", "Naming a known task without labels", caption, rows, draw, (4.6, 3.2))


def _panels(canvas: "Canvas", count: int) -> "list[Axes]":
    return list(canvas.subplots(1, count, squeeze=False, sharey=True).ravel())


def _own(records: Records, gates: list[str]) -> str:
    rows = {row["label"]: row["mean"] for row in mean_std(records.where(method="own mask"), "label", of="accuracy")}
    return " and ".join(f"{rows[gate]:.3f} ({gate})" for gate in gates)


def _seeds(records: Records) -> int:
    return len(records.where(method="mixture").by("seed"))
