"""Measures that the claims on tickets share. Values are per seed, in order of seeds."""

import statistics
from collections.abc import Mapping, Sequence

from rewire.runs import Records


def levels(records: Records, label: str, of: str = "accuracy") -> dict[int, dict[int, float]]:
    """Level → seed → value of a stage. LookupError where there is none."""
    rows = [row for row in records.where(label=label) if of in row and "level" in row]
    if not rows:
        raise LookupError(f"no {of} of {label!r}")
    found: dict[int, dict[int, float]] = {}
    for row in sorted(rows, key=lambda row: (row["level"], row["seed"])):
        found.setdefault(row["level"], {})[row["seed"]] = row[of]
    return found


def densities(records: Records, label: str) -> dict[int, float]:
    """Level → fraction of weights left (the seeds agree, for counts are exact). LookupError where there is none."""
    return {level: next(iter(values.values())) for level, values in levels(records, label, "density").items()}


def mean(values: Mapping[int, float] | Sequence[float]) -> float:
    return statistics.fmean(values.values() if isinstance(values, Mapping) else values)


def spread(values: Mapping[int, float] | Sequence[float]) -> str:
    """Mean ± standard deviation in per cent, as notes print accuracies.

    >>> spread([0.98, 0.97])
    '97.50 ± 0.71 %'
    """
    each = [100 * value for value in (values.values() if isinstance(values, Mapping) else values)]
    deviation = f" ± {statistics.stdev(each):.2f}" if len(each) > 1 else ""
    return f"{statistics.fmean(each):.2f}{deviation} %"


def differences(a: Mapping[int, float], b: Mapping[int, float]) -> list[float]:
    """a − b, paired by seed; seeds that only one has are left out."""
    return [a[seed] - b[seed] for seed in a if seed in b]


def nearest(found: Mapping[int, float], density: float) -> int:
    """The level whose density is nearest to one, by ratio."""
    return min(found, key=lambda level: max(found[level] / density, density / found[level]))


def first_below(records: Records, label: str, accuracy: float, of: str = "accuracy") -> tuple[int, float] | None:
    """The first level, and its density, from which the mean over seeds is below `accuracy`; None when none is."""
    left = densities(records, label)
    low = [level for level, values in sorted(levels(records, label, of).items()) if mean(values) < accuracy]
    return (low[0], left[low[0]]) if low else None


def left(density: float) -> str:
    """A density as the percentage of weights left.

    >>> left(0.0282), left(0.00977)
    ('2.8 %', '0.98 %')
    """
    return f"{100 * density:.2g} %"


def compared(found: Mapping[int, Mapping[int, float]], level: int, density: Mapping[int, float]) -> str:
    """A level's accuracy beside the dense network's."""
    return f"{spread(found[level])} at {left(density[level])} left, dense {spread(found[0])}"


def empty_units(records: Records, label: str, level: int) -> float:
    """How many units of the last layer have no weight left at a level: mean over seeds. They answer by their bias."""
    rows = records.where(label=label, level=level)
    counts = [sum(kept == 0 for kept in seed.values("unit_kept")) for seed in rows.by("seed").values()]
    return mean(counts)
