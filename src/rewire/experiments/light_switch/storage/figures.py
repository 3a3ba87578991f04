"""Figures of light-switch/storage: accuracy before and after rounding, bytes per task, and gaps to the best network."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from rewire.experiments.light_switch.storage.claims import own, sizes
from rewire.experiments.light_switch.storage.gaps import ALLOWED, Gap, gaps
from rewire.figures import MUTED, SERIES, Figure, bars, mean_std
from rewire.runs import Records

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

AXES = {"accuracy": "accuracy below the best", "mse": "squared error, as a multiple of the best"}


def figures(records: Records) -> list[Figure]:
    """What the records allow to draw."""
    mine, found = own(records), gaps(records)
    rounded = [_rounding(mine), _bytes(mine)] if len(mine) else []
    return [*rounded, *([_gaps(found)] if found else [])]


def _rounding(records: Records) -> Figure:
    steps = max(records.values("steps"))
    kinds = {
        "as trained": ("rounding", "before"),
        "masks rounded": ("rounding", "after"),
        f"then trained {steps} steps": ("retrained", "accuracy"),
    }
    rows = [
        {"variant": row.pop("label"), "label": moment, **row}
        for moment, (kind, value) in kinds.items()
        for row in mean_std([row for row in records if kind in row], "label", of=value)
    ]
    seeds = len(records.where(label="gated").by("seed"))
    caption = (
        "Test accuracy on red, green and blue backgrounds with the masks as trained, rounded to 0 and 1, and after "
        "training the rounded network further by the step switch's gradient; "
        f"mean ± std over 3 tasks × n = {seeds} seeds. {_remark(records)}"
    )

    def draw(canvas: "Canvas") -> None:
        axes = canvas.subplots()
        bars(axes, rows, group="variant", ylabel="test accuracy")
        axes.set_ylim(0, 1)

    return Figure("rounding", "What rounding the masks costs", caption, rows, draw, (6.4, 3.4))


def _remark(records: Records) -> str:
    known = {"gated, eq. 4": "With eq. 4, scores are driven apart at ten times the authors' rate."}
    return " ".join(remark for label, remark in known.items() if len(records.where(label=label)))


def _bytes(records: Records) -> Figure:
    names = {"network": "a network of its own", "scores": "scores, float32", "bits": "masks, one bit each"}
    found = sizes(records)
    rows = [{"what": words, "bytes": found[name]} for name, words in names.items()]
    weights = max(records.values("weights"))
    caption = f"Bytes on disk that one more task takes, as `rewire.save` writes them: LeNet-5, {weights:,} weights."

    def draw(canvas: "Canvas") -> None:
        axes = canvas.subplots()
        axes.barh(
            [row["what"] for row in rows][::-1],
            [row["bytes"] / 1000 for row in rows][::-1],
            color=SERIES[0],
            height=0.55,
        )
        for place, row in enumerate(rows[::-1]):
            axes.annotate(
                f"{row['bytes'] / 1000:.1f} kB",
                (row["bytes"] / 1000, place),
                (4, 0),
                textcoords="offset points",
                va="center",
                fontsize=9,
            )
        axes.set_xlim(0, 1.18 * max(row["bytes"] for row in rows) / 1000)
        axes.grid(visible=False)
        axes.set_xlabel("kB per task")

    return Figure("bytes", "What one more task takes", caption, rows, draw, (6.0, 2.2))


def _gaps(found: list[Gap]) -> Figure:
    rows = [{**asdict(gap), "behind": gap.behind, "close": gap.close} for gap in found]
    metrics = [metric for metric in AXES if any(gap.metric == metric for gap in found)]
    height = 1.2 + 0.2 * max(sum(gap.metric == metric for gap in found) for metric in metrics)
    caption = (
        "Each gated (●) and hard (○) network against the best of shared and separate ones in the same experiment: "
        "means over seeds and tasks at the last step that all have. Right of the dashed line (.01 of accuracy, 10 % of "
        "error), in orange, it is not similar any more. Errors below .001 count as .001."
    )

    def draw(canvas: "Canvas") -> None:
        panels = canvas.subplots(1, len(metrics), squeeze=False).ravel()
        for axes, metric in zip(panels, metrics):
            _dots(axes, [gap for gap in found if gap.metric == metric], metric)

    return Figure("gaps", "Gated against the best of shared and separate", caption, rows, draw, (9.0, height))


def _dots(axes: "Axes", found: list[Gap], metric: str) -> None:
    equal = 0 if metric == "accuracy" else 1  # on an axis of ratios, one is no gap
    for place, gap in enumerate(reversed(found)):
        colour = SERIES[0] if gap.close else SERIES[1]
        filling = "none" if gap.network.startswith("hard") else colour
        axes.plot(equal + gap.behind, place, "o", color=colour, markerfacecolor=filling, markersize=6)
    axes.set_yticks(range(len(found)), [f"{gap.experiment}: {gap.network}" for gap in reversed(found)], fontsize=8)
    axes.set_ylim(-0.7, len(found) - 0.3)
    axes.axvline(equal, color=MUTED, linewidth=0.8)
    axes.axvline(equal + ALLOWED[metric], color=MUTED, linestyle="--", linewidth=1)
    axes.margins(x=0.08)
    axes.set_xlabel(AXES[metric])
    if equal:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter("")
