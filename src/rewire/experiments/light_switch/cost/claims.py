"""What §2.1 of the light-switch paper says of the cost of a step, and what our timings answer."""

import statistics

from rewire.experiments.claim import Claim, Outcome, summarise
from rewire.figures import mean_std
from rewire.runs import Records

FLAT = 0.2  # how far a place's ratio may lie from the mean of all
MAML_PAPER = {1: 0.67, 5: 0.38, 10: 0.35}  # 5-shot MSE after so many inner steps, Finn et al. 2017


def same_complexity(records: Records) -> Outcome | None:
    """LS-0b: gated / plain within ±20 % over all batches and widths, and MAML slower than gated at each of them."""
    timed = records.where(label="time")
    gated, hard = (_ratios(timed, name) for name in ("gated", "hard"))
    if not gated:
        return None
    ours = [statistics.fmean(seed.where(contender="gated").values("ratio")) for seed in timed.by("seed").values()]
    mean = statistics.fmean(gated.values())
    flat = all(abs(ratio / mean - 1) <= FLAT for ratio in gated.values())
    slower = {place: maml / gated[place] for place, maml in _ratios(timed, "maml").items()}
    note = (
        f"gated / plain step, mean of all places; {_along(gated)}: {_shape(gated, mean)}; hard gate "
        f"{statistics.fmean(hard.values()):.2f}; MAML / gated {min(slower.values()):.2f} to {max(slower.values()):.2f}"
    )
    return summarise(ours, flat and min(slower.values()) > 1, note + _few_shot(records))


def _ratios(records: Records, contender: str) -> dict[tuple[str, int], float]:
    """(axis, size) → ratio to the plain step, mean of the seeds."""
    rows = mean_std(records.where(contender=contender), "axis", "size", of="ratio")
    return {(row["axis"], row["size"]): row["mean"] for row in rows}


def _along(ratios: dict[tuple[str, int], float]) -> str:
    axes = dict.fromkeys(axis for axis, _ in ratios)
    return "; ".join(
        f"{axis} " + ", ".join(f"{size}: {ratio:.2f}" for (own, size), ratio in ratios.items() if own == axis)
        for axis in axes
    )


def _shape(ratios: dict[tuple[str, int], float], mean: float) -> str:
    """How far the extremes lie from the mean, and whether the ratio grows from the smallest to the largest step."""
    low, high = min(ratios.values()) / mean - 1, max(ratios.values()) / mean - 1
    ends = [[ratio for (own, _), ratio in ratios.items() if own == axis] for axis in ("batch", "width")]
    grows = [axis for axis, line in zip(("batch", "width"), ends) if line and line[-1] > line[0] * (1 + FLAT)]
    return f"{low:+.0%} to {high:+.0%} of the mean, " + (
        f"grows with {' and '.join(grows)}" if grows else "never grows"
    )


def _few_shot(records: Records) -> str:
    errors = {row["inner_steps"]: row["mse"] for row in records.where(label="maml")}
    if not errors:
        return ""
    diverged = max(row["diverged"] for row in records.where(label="maml"))
    text = ", ".join(f"{errors[count]:.2f} ({paper:g})" for count, paper in MAML_PAPER.items())
    note = f"; the comparator's 5-shot MSE after 1, 5, 10 inner steps, its paper's in brackets: {text}"
    return note + (f", without up to {diverged} of 600 tasks on which its descent diverged" if diverged else "")


CLAIMS = (
    Claim(
        "LS-0b",
        "A gated step has the time complexity of a plain one, and needs no second derivatives as MAML does",
        "same time complexity",
        "§2.1",
        same_complexity,
        quantity="step time, gated ÷ plain",
    ),
)
