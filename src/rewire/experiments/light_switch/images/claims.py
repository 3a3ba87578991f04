"""Measures that the claims on image tasks share."""

import math
import statistics
from collections.abc import Sequence

from rewire.runs import Records

MNIST_TEST_COUNTS = (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009)  # images of each digit, of 10,000
T_95 = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306, 10: 2.262, 20: 2.093}


def accuracies(records: Records, label: str, task: str, step: int) -> list[float]:
    """Test accuracy of a stage on a task at a step, one per seed in order of seeds. LookupError where there is none."""
    rows = sorted(records.where(label=label, task=task, step=step, split="test"), key=lambda row: row["seed"])
    if not rows:
        raise LookupError(f"no record of {label!r} on {task!r} at step {step}")
    return [row["accuracy"] for row in rows]


def mean_accuracies(records: Records, label: str, tasks: Sequence[str], step: int) -> list[float]:
    """Per seed, the mean over tasks."""
    each = [accuracies(records, label, task, step) for task in tasks]
    return [statistics.fmean(values) for values in zip(*each, strict=True)]


def spread(values: Sequence[float]) -> str:
    """Mean ± standard deviation, as notes print it.

    >>> spread([0.9, 0.92])
    '.910 ± .014'
    """
    text = f"{statistics.fmean(values):.3f}"
    return (text + (f" ± {statistics.stdev(values):.3f}" if len(values) > 1 else "")).replace("0.", ".")


def near(values: Sequence[float], target: float, tolerance: float) -> bool:
    """Whether their mean is within `tolerance` of the target."""
    return abs(statistics.fmean(values) - target) <= tolerance


def interval(differences: Sequence[float]) -> tuple[float, float, float]:
    """Mean of paired differences and its 95 % interval by Student's t. Raises ValueError for less than two."""
    if len(differences) < 2:
        raise ValueError(f"needs at least 2 seeds; got {len(differences)}")
    n, mean = len(differences), statistics.fmean(differences)
    quantile = T_95[max(k for k in T_95 if k <= n)]  # between the table's rows the wider interval
    half = quantile * statistics.stdev(differences) / math.sqrt(n)
    return mean, mean - half, mean + half


def constant_class(accuracy: float, counts: Sequence[int] = MNIST_TEST_COUNTS) -> int | None:
    """The digit that a network names always if its accuracy is exactly that digit's share of the test set, else None.

    >>> constant_class(0.1010), constant_class(0.1011)
    (3, None)
    """
    total = sum(counts)
    found = [digit for digit, count in enumerate(counts) if abs(accuracy * total - count) < 1e-3]
    return found[0] if found else None


def constant_note(values: Sequence[float]) -> str:
    """What each seed's accuracy says of a constant answer: '.1010 = always 3 (1010 of 10,000)'."""
    return "; ".join(
        f"{value:.4f}" + (" (no class's share)" if (digit := constant_class(value)) is None else f" = always {digit}")
        for value in values
    )
