"""Figures of tickets/obd."""

from pathlib import Path
from typing import TYPE_CHECKING

from rewire.experiments.tickets.obd.stages import CUT, ITERATED, LABEL, OBD, ONE_SHOT, RIVALS, SCOPES
from rewire.experiments.tickets.shared.figures import Rows, left_axis, panels_figure, seeds_note
from rewire.figures import Figure, curves, mean_std
from rewire.runs import Records

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas


def figures(records: Records, runs: Path) -> list[Figure]:
    """All of them, as far as the records go."""
    note = seeds_note(records, [LABEL])
    return [
        *panels_figure(
            "cut",
            "The trained network after one cut",
            "Test accuracy without retraining, weights ranked all together or layer by layer. OBD: h u²/2 with h "
            f"by Gauss–Newton or Hutchinson; as printed: h u/2, which cuts negative weights first. {note}",
            {f"accuracy, {scope} ranking": _cut(records, scope, "accuracy") for scope in SCOPES},
        ),
        *_prediction(records, note),
        *panels_figure(
            "retrained",
            "OBD and magnitude, retrained",
            f"Test accuracy after retraining: one cut down to each fraction, or a cut per retraining. {note}",
            {f"accuracy, {scope} ranking": _retrained(records, scope) for scope in SCOPES},
        ),
    ]


def _cut(records: Records, scope: str, of: str) -> Rows:
    rows = mean_std(records.where(part=CUT, scope=scope), "criterion", "left", of=of)
    return [{**row, "label": row["criterion"], "left": 100 * row["left"], "what": f"{of}, {scope}"} for row in rows]


def _retrained(records: Records, scope: str) -> Rows:
    return [
        {**row, "label": f"{row['criterion']}, {part}", "left": 100 * row["density"], "what": f"accuracy, {scope}"}
        for part in (ONE_SHOT, ITERATED)
        for name in RIVALS
        for row in mean_std(
            records.where(part=part, scope=scope, criterion=name), "criterion", "density", of="accuracy"
        )
    ]


def _prediction(records: Records, note: str) -> list[Figure]:
    """The loss that OBD's saliencies predict to gain, and the loss gained."""
    dense = {row["seed"]: row["loss"] for row in records.where(part="dense")}
    cut = [row for row in records.where(part=CUT, scope="global") if "loss" in row and row["seed"] in dense]
    gained = [{**row, "gained": row["loss"] - dense[row["seed"]]} for row in cut if row["criterion"] in RIVALS]
    measured = [(f"{name}: gained", "gained", name, gained) for name in RIVALS]
    predicted = [(f"{OBD}: predicted", "predicted", OBD, cut)]
    rows = [
        {**row, "label": label, "left": 100 * row["left"]}
        for label, of, name, mine in (*measured, *predicted)
        for row in mean_std([each for each in mine if each["criterion"] == name], "left", of=of)
    ]

    def draw(canvas: "Canvas") -> None:
        axes = canvas.subplots()
        curves(axes, rows, x="left", ylabel="loss gained by one cut")
        left_axis(axes, rows)
        axes.set_yscale("symlog", linthresh=1e-3)

    caption = (
        "The test loss gained by one cut over all layers, without retraining, and the sum of the saliencies cut, which "
        f"is the second-order prediction of the training loss. {note}"
    )
    return [Figure("prediction", "Saliency as a prediction", caption, rows, draw, (6.4, 4.0))] if rows else []
