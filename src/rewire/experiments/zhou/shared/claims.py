"""Measures that the claims on searches share: accuracies of the sparser levels, per seed, and gaps between stages."""

from collections.abc import Iterable

from rewire.experiments.tickets.shared.claims import densities, left, levels, mean, spread
from rewire.runs import Records


def sparser(records: Records, label: str, fraction: float) -> dict[int, float]:
    """Seed → mean accuracy of a stage over its levels with at most this fraction left. LookupError for none."""
    density = densities(records, label)
    found = [values for level, values in levels(records, label).items() if density[level] <= fraction]
    if not found:
        raise LookupError(f"no level of {label!r} with at most {left(fraction)} left")
    return {seed: mean([values[seed] for values in found]) for seed in found[0] if all(seed in v for v in found)}


def gaps(records: Records, a: str, b: str, fraction: float) -> list[float]:
    """What stage a is more accurate than b over those levels, in percentage points, paired by seed."""
    ours, theirs = (sparser(records, label, fraction) for label in (a, b))
    return [100 * (ours[seed] - theirs[seed]) for seed in ours if seed in theirs]


def ranked(records: Records, labels: Iterable[str], fraction: float) -> str:
    """The stages with their accuracies over those levels, the best first; those without records are left out."""
    found = {}
    for label in labels:
        try:
            found[label] = sparser(records, label, fraction)
        except LookupError:
            continue
    order = sorted(found, key=lambda label: -mean(found[label]))
    return ", ".join(f"{label} {spread(found[label])}" for label in order)
