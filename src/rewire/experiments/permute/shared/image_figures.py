"""What the figures of ResNet-20 and VGG-7 draw alike."""

from collections.abc import Mapping

from rewire.experiments.permute.shared.figures import curves_figure, seeds_note, step_rows
from rewire.figures import Figure
from rewire.runs import Records


def training_figures(
    records: Records, labels: Mapping[str, str], title: str, caption: str, marks: Mapping[str, float]
) -> list[Figure]:
    """Accuracy with BatchNorm's statistics renewed and as they ran; slots moved by a sync, and mobility."""
    note = seeds_note(records, labels)
    renewed, stale = (step_rows(records, labels, of) for of in ("accuracy", "stale_accuracy"))
    stale += [row for row in renewed if row["label"] not in {row["label"] for row in stale}]  # Adam's always run
    moved, mobility = (_after_syncs(records, labels, of) for of in ("moved", "mobility"))
    return [
        *curves_figure(
            "accuracy",
            title,
            f"{caption} After each sync BatchNorm's statistics are renewed (left) or left as they ran (right). {note}",
            {"statistics renewed": renewed, "statistics as they ran": stale},
            marks=marks,
        ),
        *curves_figure(
            "moved",
            "How far a sync still reaches",
            "Left: the part of the slots whose value another takes at a sync. Right: mobility, 2 k lr / gap, the "
            f"distance that Adam covers between syncs by that from one value to the next. {note}",
            {"slots moved": moved, "mobility": mobility},
            ylabel="",
            sharey=False,
        ),
    ]


def _after_syncs(records: Records, labels: Mapping[str, str], of: str) -> list[dict]:
    return [row for row in step_rows(records, labels, of) if row["step"]]
