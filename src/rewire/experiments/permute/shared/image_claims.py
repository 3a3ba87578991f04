"""What the claims on ResNet-20 and VGG-7 measure alike."""

from collections.abc import Sequence

from rewire.experiments.claim import Outcome, summarise
from rewire.experiments.permute.shared.claims import (
    best,
    curve,
    differences,
    first,
    last,
    mean,
    points,
    spread,
    within,
)
from rewire.runs import Records


def reaches(records: Records, label: str, published: float, tolerance: float, others: Sequence[str]) -> Outcome | None:
    """The best look's test accuracy against the published one; the others' beside it."""
    found = best(records, label)
    note = "; ".join(_shown(records, name) for name in (label, *others) if len(records.where(label=name)))
    note += f"; values as at first: {'yes' if all(first(records, label, 'permuted').values()) else 'no'}"
    return summarise(points(found), abs(mean(found) - published) <= tolerance, note)


def ahead(records: Records, label: str, other: str, published: float | None, tolerance: float) -> Outcome | None:
    """Best look − best look of another; within the tolerance of the published gap, or above 0 where none is printed."""
    gaps = differences(best(records, label), best(records, other))
    near = mean(gaps) > 0 if published is None else abs(mean(gaps) - published) <= tolerance
    return summarise(points(gaps), near, "; ".join(_shown(records, name) for name in (label, other)))


def gain_at_drop(records: Records, label: str, drops: Sequence[float]) -> dict[int, float]:
    """What the first fall of the learning rate brings: mean of the looks until the second − as many before."""
    end = max(curve(records, label))
    fall, length = drops[0] * end, (drops[1] - drops[0]) * end
    after, before = within(records, label, fall, fall + length), within(records, label, fall - length, fall)
    return {seed: after[seed] - before[seed] for seed in after}


def numb(records: Records, labels: Sequence[str], drops: Sequence[float]) -> Outcome | None:
    """The gain of the first label at the first fall of the learning rate, which must be below that of the last."""
    gains = {label: gain_at_drop(records, label, drops) for label in labels}
    gaps = differences(gains[labels[-1]], gains[labels[0]])
    moved = "; ".join(f"{label}: {_moved(records, label)}" for label in labels[:-1])
    note = ", ".join(f"{label} {100 * mean(gain):+.2f} pp" for label, gain in gains.items())
    return summarise(points(gains[labels[0]]), mean(gaps) > 0, f"{note}. Slots moved by a sync, {moved}")


def _moved(records: Records, label: str) -> str:
    """The part of the slots that a sync moves, early and late."""
    found = {step: mean(values) for step, values in curve(records, label, "moved").items() if step}
    return f"{100 * found[min(found)]:.2g} % at step {min(found)}, {100 * found[max(found)]:.2g} % at {max(found)}"


def _shown(records: Records, label: str) -> str:
    text = f"{label} {spread(best(records, label))} at best, {spread(last(records, label))} at last"
    stale = records.where(label=label).values("stale_accuracy")
    return f"{text} ({100 * stale[-1]:.2f} % with BatchNorm's running statistics)" if stale else text
