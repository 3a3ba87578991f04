"""Figures of tickets/han."""

from pathlib import Path

from rewire.experiments.tickets.han.stages import LENET, MLP, MLP_ONCE
from rewire.experiments.tickets.shared.figures import layers_figure, level_rows, panels_figure, seeds_note
from rewire.figures import Figure
from rewire.runs import Records

SHOWN = {label: label for label in (MLP, MLP_ONCE, LENET)}


def figures(records: Records, runs: Path) -> list[Figure]:
    """Test error against the % left, as cut and retrained; densities per layer."""
    note = seeds_note(records, SHOWN)
    return [
        *panels_figure(
            "error",
            "Pruned by q standard deviations, retrained at a tenth of the learning rate",
            f"Test error after each round's retraining, and as the network was cut before it; at once is one round, "
            f"with as many epochs of retraining. {note}",
            {shown: _errors(records, of) for of, shown in SHOWN_OF.items()},
        ),
        *layers_figure(
            records, MLP, f"One quality for all layers leaves more of those whose weights have heavy tails. {note}"
        ),
    ]


SHOWN_OF = {"accuracy": "test error, retrained, %", "cut_accuracy": "test error, as cut, %"}


def _errors(records: Records, of: str) -> list[dict]:
    rows = level_rows(records, SHOWN, of)
    return [{**row, "mean": 100 * (1 - row["mean"]), "std": 100 * row["std"], "what": SHOWN_OF[of]} for row in rows]
