"""Figures of the noise-free linear experiments: how fast each contender learns, and how exactly it finds the truth."""

from typing import TYPE_CHECKING, Any

from rewire.experiments.light_switch.linear.claims import LEARNT, MASKS, VALUES, labels, last
from rewire.figures import DASHES, INK, SERIES, Figure, curves, legend, mean_std
from rewire.runs import Records

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

FLOOR = 1e-17  # where an error of exactly 0 is drawn
RECOVERY = ("gated d=1", "hard d=1", "gated d=5", "hard d=5", "gated 5→1", "hard 5→1")
POINTS = 150  # of a curve: more would only make the file larger


def learning(records: Records) -> Figure:
    """Test error against steps, all contenders of LS-1a and LS-1b."""
    wanted = labels(records)
    plain, faster = [label for label in wanted if "T" not in label], [label for label in wanted if "T" in label]
    longest = max(records.values("step"), default=0)
    kept = [
        row for row in records if row["label"] in wanted and row["step"] % max(longest // POINTS // 100 * 100, 1) == 0
    ]
    rows = mean_std(kept, "label", "step", of="mse")
    seeds = max((row["n"] for row in rows), default=0)

    def paint(canvas: "Canvas") -> None:
        left, right = canvas.subplots(1, 2, sharey=True)
        for axes, title, shown in ((left, "one rate for all", plain), (right, "tasks' own parameters faster", faster)):
            axes.set_yscale("log")
            panel = [row for row in rows if row["label"] in shown]
            curves(axes, panel, std="", xlabel="thousand steps, over all tasks", ylabel="mean squared test error")
            axes.axhline(LEARNT, color=INK, linewidth=0.8, linestyle=DASHES[3])
            axes.set_title(title)
            axes.xaxis.set_major_formatter(lambda step, _: f"{step / 1000:g}")
        right.set_ylabel("")

    caption = (
        f"Noise-free linear tasks, d = 11, T = 11, 51 points each, Adam 1e-3, batch 4; mean of {seeds} seeds. nT: what "
        f"belongs to a task alone learns at n·T·lr. zero_grad: the artefact of torch 1.6. Dotted: {LEARNT:g}, where a "
        "task counts as learnt."
    )
    return Figure("linear-learning", "Learning without noise", caption, rows, paint, (7.6, 4.0))


def recovered(records: Records) -> Figure:
    """Every seed's largest error of values and of masks, in order of size."""
    rows = [row for label in RECOVERY if len(records.where(label=label)) for row in _ranked(records, label)]
    seeds = max((row["seeds"] for row in rows), default=0)

    def paint(canvas: "Canvas") -> None:
        for axes, key, limit in zip(canvas.subplots(1, 2, sharey=True), ("values", "masks"), (VALUES, MASKS)):
            _errors(axes, rows, key, limit)

    caption = (
        f"Largest error after 1000 Adam steps, {seeds} seeds sorted by it; dotted: the paper's 1e-8 and 1e-14. d=1 and "
        "d=5: T = 15, lr .1, from zero. 5→1: 5 inputs, 1 output, T = 5, lr .05, weights only. Errors of 0 are drawn "
        "at 1e-17."
    )
    return Figure("linear-recovery", "Is the true wiring found?", caption, rows, paint, (7.2, 3.8))


def _ranked(records: Records, label: str) -> list[dict[str, Any]]:
    part = "weight_" if label.endswith("5→1") else ""
    columns = {key: sorted(last(records, label, f"{part}{key[:-1]}_error").values()) for key in ("values", "masks")}
    count = len(columns["values"])
    return [
        {"label": label, "share": (rank + 0.5) / count, "seeds": count}
        | {key: column[rank] for key, column in columns.items()}
        for rank in range(count)
    ]


def _errors(axes: "Axes", rows: list[dict[str, Any]], key: str, limit: float) -> None:
    axes.set_yscale("log")
    for slot, label in enumerate(RECOVERY):
        mine = [row for row in rows if row["label"] == label]
        heights = [max(row[key], FLOOR) for row in mine]
        colour, dashes = SERIES[slot % 2 if slot < 2 else slot], DASHES[slot]
        axes.plot([row["share"] for row in mine], heights, color=colour, linestyle=dashes, label=label)
    axes.axhline(limit, color=INK, linewidth=0.8, linestyle=DASHES[3])
    axes.set_xlabel("share of seeds")
    axes.set_ylabel(f"largest error of {key}")
    legend(axes)
