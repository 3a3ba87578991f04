"""What 3.1 (and 3.2, of noise-free data) says of linear tasks, and what our records say."""

import math
import statistics
from collections.abc import Mapping, Sequence

from rewire.experiments.claim import Outcome, summarise
from rewire.runs import Records

LEARNT = 1e-3  # test error at which a task counts as learnt
DETERMINED = 1e-6
VALUES, MASKS = 1e-8, 1e-14  # the paper's accuracies


def gated_is_slower(records: Records) -> Outcome | None:
    """LS-1a: steps to a test error of 1e-3, gated over separate at the same rate; both below it at the end."""
    steps = {label: steps_to(records, label, LEARNT) for label in labels(records)}
    gated, separate = steps["gated"], steps["separate"]
    ends = {label: max(last(records, label, "mse").values()) for label in ("gated", "separate")}
    holds = _mean(gated) > _mean(separate) and max(ends.values()) < LEARNT
    slower = sum(gated[seed] > separate[seed] for seed in gated)
    note = (
        f"steps to {LEARNT:g}: {_reached(steps)}; gated later on {slower} of {len(gated)} seeds, "
        f"worst final loss gated {ends['gated']:.1e}, separate {ends['separate']:.1e}. Separate at 3·T·lr, as in the "
        f"authors' code, ends at {_spread(last(records, 'separate 3T', 'mse'))}, "
        f"shared at {_spread(last(records, 'shared', 'mse'))}, hard at {_spread(last(records, 'hard', 'mse'))}, "
        f"hard 4T at {_spread(last(records, 'hard 4T', 'mse'))}"
    )
    return _over_seeds({seed: gated[seed] / separate[seed] for seed in gated}, holds, f"ratio of steps. {note}")


def speed_up_helps(records: Records) -> Outcome | None:
    """LS-1b: the share of the gap to separate that is left with scores at 4·T·lr; at most a half holds."""
    left = {speed: gap_left(records, f"gated {speed}", "separate") for speed in ("4T", "3T")}
    confounded = {speed: gap_left(records, f"gated {speed}", "separate 3T") for speed in ("4T", "3T")}
    note = (
        "share of the gap in steps that is left, below 0: gated is faster than separate. "
        f"3T {_spread(left['3T'])}; against separate at 3·T·lr, as in the authors' code, "
        f"4T {_spread(confounded['4T'])}, 3T {_spread(confounded['3T'])}"
    )
    return _over_seeds(left["4T"], _mean(left["4T"]) <= 0.5, note)


def recovers_exactly(records: Records) -> Outcome | None:
    """LS-1c: the best of 200 seeds meets both accuracies; that most seeds do not makes it the luck of a seed."""
    found = exact(records, "gated d=1")
    values, masks = last(records, "gated d=1", "value_error"), last(records, "gated d=1", "mask_error")
    best = min(found, key=lambda seed: (not found[seed], max(values[seed] / VALUES, masks[seed] / MASKS)))
    share, wrong = statistics.fmean(found.values()), last(records, "gated d=1", "wrong")
    others = [f"{label} {_share(exact(records, label))}" for label in ("hard d=1", "gated d=5", "hard d=5")]
    solved = [f"{model} {_share(exact(records, f'{model} 5→1', 'weight_'))}" for model in ("hard", "gated")]
    note = (
        f"{_share(found)} seeds meet both: the luck of a seed. Median seed {_median_error(values)} and "
        f"{_median_error(masks)}, {_mean(wrong):.1%} of masks end on the wrong side; "
        f"{_share({seed: value <= VALUES for seed, value in values.items()})} meet 1e-8 alone. "
        f"Likewise: {', '.join(others)}. "
        f"Weights of 5 inputs → 1 output, T=5, all points a step: {', '.join(solved)}"
    )
    ours = f"best seed {values[best]:.0e}, {masks[best]:.0e}; {share:.1%} of seeds meet both"
    return Outcome(ours, None, len(found), found[best] and share < 0.5, note)


def determined_is_learnt(records: Records) -> Outcome | None:
    """LS-1d: every seed's separate network, trained on d + 1 points, is below 1e-6 on test points."""
    errors = list(last(records, "determined", "mse").values())
    note = f"11 inputs, 12 points, one task a seed: worst {max(errors):.1e}, wanted below {DETERMINED:g} on every seed"
    return summarise(errors, max(errors) < DETERMINED, note)


def labels(records: Records) -> list[str]:
    """The stages of LS-1a and LS-1b, in order."""
    return [label for label in records.by("label") if not label.endswith(("d=1", "d=5", "5→1", "determined"))]


def last(records: Records, label: str, key: str) -> dict[int, float]:
    """Each seed's value of `key` at its last evaluation. Raises LookupError where the stage has none."""
    rows = [row for row in records.where(label=label) if key in row]
    if not rows:
        raise LookupError(f"no {key} of stage {label!r}")
    return {row["seed"]: row[key] for row in sorted(rows, key=lambda row: row["step"])}


def steps_to(records: Records, label: str, threshold: float) -> dict[int, float]:
    """The step at which each seed's test error is first below a threshold; infinity where it never is."""
    return {
        seed: min((row["step"] for row in rows if row["mse"] < threshold), default=math.inf)
        for seed, rows in records.where(label=label).by("seed").items()
    }


def gap_left(records: Records, fast: str, separate: str) -> dict[int, float]:
    """Each seed's gap in steps from separate networks to a faster gated one, over that to the plain gated one."""
    plain, faster, rival = (steps_to(records, label, LEARNT) for label in ("gated", fast, separate))
    return {seed: (faster[seed] - rival[seed]) / (plain[seed] - rival[seed]) for seed in plain}


def exact(records: Records, label: str, part: str = "") -> dict[int, bool]:
    """Which seeds meet both accuracies; part="weight_" leaves the biases out."""
    values, masks = last(records, label, f"{part}value_error"), last(records, label, f"{part}mask_error")
    return {seed: values[seed] <= VALUES and masks[seed] <= MASKS for seed in values}


def _over_seeds(values: Mapping[int, float], holds: bool, note: str) -> Outcome | None:
    if all(map(math.isfinite, values.values())):
        return summarise(list(values.values()), holds, note)
    return Outcome("not all seeds learn", None, len(values), False, note)


def _mean(values: Mapping[int, float]) -> float:
    return statistics.fmean(values.values())


def _spread(values: Mapping[int, float]) -> str:
    if not all(map(math.isfinite, values.values())):
        return "undefined"
    std = statistics.stdev(values.values()) if len(values) > 1 else 0.0
    return f"{_mean(values):.3g} ± {std:.1g}"


def _median_error(errors: Mapping[int, float]) -> str:
    return f"{statistics.median(errors.values()):.0e}"


def _share(found: Mapping[int, bool]) -> str:
    return f"{sum(found.values())} of {len(found)}"


def _reached(steps: Mapping[str, Mapping[int, float]]) -> str:
    return ", ".join(f"{label} {_median(list(seeds.values()))}" for label, seeds in steps.items())


def _median(steps: Sequence[float]) -> str:
    """The median over the seeds that got there, and how many did if not all."""
    reached = [step for step in steps if math.isfinite(step)]
    if not reached:
        return "never"
    return f"{statistics.median(reached):.0f}" + (
        "" if len(reached) == len(steps) else f" ({len(reached)} of {len(steps)})"
    )
