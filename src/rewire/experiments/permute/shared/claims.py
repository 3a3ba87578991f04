"""Measures that the claims on permuted training share. Values are by seed, in order of seeds."""

import math

from rewire.experiments.tickets.shared.claims import differences, mean, spread
from rewire.runs import Records

__all__ = ["at", "best", "curve", "differences", "first", "last", "mean", "points", "spread", "within"]

Seeds = dict[int, float]


def curve(records: Records, label: str, of: str = "accuracy", low: float = 0, high: float = math.inf) -> dict:
    """Step → seed → value of a stage, of the steps from `low` to `high`. LookupError where there is none."""
    rows = [row for row in records.where(label=label) if of in row and low <= row.get("step", -1) <= high]
    if not rows:
        raise LookupError(
            f"no {of} of {label!r}" + (f" in steps {low:g} to {high:g}" if low or high < math.inf else "")
        )
    found: dict[int, Seeds] = {}
    for row in sorted(rows, key=lambda row: (row["step"], row["seed"])):
        found.setdefault(row["step"], {})[row["seed"]] = row[of]
    return found


def at(records: Records, label: str, step: float, of: str = "accuracy") -> Seeds:
    """The last look up to a step."""
    found = curve(records, label, of, high=step)
    return found[max(found)]


def last(records: Records, label: str, of: str = "accuracy") -> Seeds:
    return at(records, label, math.inf, of)


def best(records: Records, label: str, of: str = "accuracy") -> Seeds:
    """Each seed's highest value, which is what the paper reports of long trainings."""
    found: Seeds = {}
    for values in curve(records, label, of).values():
        for seed, value in values.items():
            found[seed] = max(value, found.get(seed, -math.inf))
    return found


def within(records: Records, label: str, low: float, high: float = math.inf, of: str = "accuracy") -> Seeds:
    """Each seed's mean over the looks in (low, high]."""
    found = curve(records, label, of, math.nextafter(low, math.inf), high)
    seeds = sorted({seed for values in found.values() for seed in values})
    return {seed: mean([values[seed] for values in found.values() if seed in values]) for seed in seeds}


def first(records: Records, label: str, key: str) -> dict:
    """Seed → value of a key that each run records once. LookupError where there is none."""
    found = {row["seed"]: row[key] for row in records.where(label=label) if key in row}
    if not found:
        raise LookupError(f"no {key} of {label!r}")
    return dict(sorted(found.items()))


def points(values: Seeds | list[float]) -> list[float]:
    """Fractions as percentages or percentage points."""
    return [100 * value for value in (values.values() if isinstance(values, dict) else values)]
