"""Figure 1 of Blum & Law 2020 and the sweep of the noise, redrawn from our records."""

from typing import TYPE_CHECKING

from rewire.experiments.light_switch.noise.claims import FLOOR, SETTINGS, sigmas
from rewire.figures import DASHES, MUTED, Figure, Row, curves, mean_std
from rewire.runs import Records

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

TICKS = (0.2, 0.5, 1, 2, 4)


def figure_1(records: Records) -> Figure:
    """Mean test error against steps in both settings."""
    named = [_split(row) for row in records if row["label"].startswith(SETTINGS)]
    rows = mean_std(named, "setting", "label", "step", of="mse")
    seeds, steps = max((row["n"] for row in rows), default=0), max((row["step"] for row in rows), default=0)

    def paint(canvas: "Canvas") -> None:
        left, right = canvas.subplots(1, 2, sharey=True)
        for axes, setting in zip((left, right), SETTINGS):
            axes.set_yscale("log")
            axes.set_yticks(TICKS, [f"{tick:g}" for tick in TICKS])
            axes.minorticks_off()
            panel = [row for row in rows if row["setting"] == setting]
            curves(axes, panel, xlabel="thousand steps, over all tasks", ylabel="mean squared test error")
            axes.axhline(FLOOR, color=MUTED, linewidth=0.9, linestyle=DASHES[3])
            axes.set_title({"T=10": "10 tasks of 32 points", "T=50": "50 tasks of 10 points"}[setting])
            axes.xaxis.set_major_formatter(lambda step, _: f"{step / 1000:g}")
        right.set_ylabel("")

    caption = (
        f"Noisy linear tasks, d = 10, σ = .4, Adam 3e-5, {steps:,} steps; mean ± std of {seeds} seeds. 3T: at "
        "3·T·lr, as in the authors' code (gated and hard: their scores). Dotted: the noise of the test points, .16."
    )
    return Figure("noise-figure-1", "Few noisy points (Fig 1)", caption, rows, paint, (7.6, 4.0))


def sweep(records: Records) -> Figure:
    """Wrong masks and test errors against σ."""
    named = [_split(row) for row in _final(records) if row["label"].startswith("σ=")]
    noises = sigmas(records)
    wrong = mean_std(named, "sigma", "label", of="wrong")
    errors = mean_std(named, "sigma", "label", of="mse")
    rows = [{"quantity": name} | row for name, part in (("mse", errors), ("wrong", wrong)) for row in part]
    steps, seeds = max((row["step"] for row in named), default=0), max((row["n"] for row in errors), default=0)

    def paint(canvas: "Canvas") -> None:
        left, right = canvas.subplots(1, 2)
        curves(left, errors, x="sigma", xlabel="noise σ", ylabel="mean squared test error")
        left.set_yscale("log")
        left.plot(noises, [sigma**2 for sigma in noises], color=MUTED, linewidth=0.9, linestyle=DASHES[3])
        curves(right, wrong, x="sigma", xlabel="noise σ", ylabel="share of masks wrong")
        right.set_ylim(0)
        for axes in (left, right):
            axes.set_xscale("log")
            axes.set_xticks(noises, [f"{sigma:g}" for sigma in noises])
            axes.minorticks_off()

    caption = (
        f"The tasks of Fig 1 (T = 10) at other noises after {steps:,} steps; mean ± std of {seeds} seeds. Dotted: σ², "
        "the noise of the test points themselves. Wrong: on the other side of 1/2 than the truth."
    )
    return Figure("noise-sweep", "Noise and wrong masks", caption, rows, paint, (7.6, 3.8))


def _final(records: Records) -> list[Row]:
    ends = {label: max(rows.values("step")) for label, rows in records.by("label").items()}
    return [row for row in records if row["step"] == ends[row["label"]]]


def _split(row: Row) -> Row:
    """A stage's label, "T=10 gated" or "σ=0.4 gated", as the setting and the contender."""
    setting, _, label = row["label"].partition(" ")
    sigma = {"sigma": float(setting.removeprefix("σ="))} if setting.startswith("σ=") else {}
    return {**row, "setting": setting, "label": label, **sigma}
