"""From records to the small tables that figures draw and CSV files hold: what is drawn is what is saved."""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Row = dict[str, Any]


def mean_std(records: Iterable[Mapping[str, Any]], *keys: str, of: str) -> list[Row]:
    """Mean and spread of `of` over all records that agree in `keys` (the seeds, usually).

    One row per combination, in the order first seen: the keys, then `mean`, `std` (sample standard deviation; 0.0
    for a single value) and `n`. Records that lack `of` or one of the keys are left out.

    >>> records = [{"label": "gated", "step": 10, "seed": s, "accuracy": a} for s, a in enumerate((0.8, 0.9, 1.0))]
    >>> [row] = mean_std(records, "label", "step", of="accuracy")
    >>> row["label"], row["step"], round(row["mean"], 3), round(row["std"], 3), row["n"]
    ('gated', 10, 0.9, 0.1, 3)
    """
    groups: dict[tuple, list[float]] = {}
    for record in records:
        if of in record and all(key in record for key in keys):
            groups.setdefault(tuple(record[key] for key in keys), []).append(float(record[of]))
    return [
        dict(zip(keys, group)) | {"mean": statistics.fmean(values), "std": _std(values), "n": len(values)}
        for group, values in groups.items()
    ]


def _std(values: Sequence[float]) -> float:
    if not all(map(math.isfinite, values)):
        return math.nan  # a diverged seed: shown as a gap, not an exception
    return statistics.stdev(values) if len(values) > 1 else 0.0


def histograms(
    samples: Mapping[Any, Any], over: str = "step", bins: int = 60, limits: tuple | None = None
) -> list[Row]:
    """Histograms of several samples on common bins, one row per sample and bin: `over`, `left`, `right`, `density`.

    `samples` maps a step (or any label) to numbers: a sequence, array or CPU tensor of any shape. Without `limits`
    the bins span all samples. Densities of one sample integrate to the fraction of it that lies within the limits.

    >>> rows = histograms({0: [0.0, 0.1, 0.9, 1.0], 100: [1.0, 1.0, 1.0, 1.0]}, bins=2)
    >>> [(row["step"], row["left"], row["density"]) for row in rows]
    [(0, 0.0, 1.0), (0, 0.5, 1.0), (100, 0.0, 0.0), (100, 0.5, 2.0)]
    """
    import numpy as np

    arrays = {key: np.asarray(values, dtype=float).ravel() for key, values in samples.items()}
    if not any(len(array) for array in arrays.values()):
        raise ValueError("samples must hold at least one number; got none; pass {step: values, ...}")
    low, high = limits or (
        min(a.min() for a in arrays.values() if len(a)),
        max(a.max() for a in arrays.values() if len(a)),
    )
    edges = np.linspace(low, high if high > low else low + 1.0, bins + 1)
    rows: list[Row] = []
    for key, array in arrays.items():
        density = np.histogram(array, edges)[0] / (max(len(array), 1) * np.diff(edges))
        rows += [
            {over: key, "left": left, "right": right, "density": height}
            for left, right, height in zip(edges[:-1].tolist(), edges[1:].tolist(), density.tolist())
        ]
    return rows


def matrix(values: Any, rows: Sequence[str], columns: Sequence[str] | None = None) -> list[Row]:
    """A matrix as rows {row, column, value}; `columns` defaults to `rows`. ValueError where the shape disagrees.

    >>> matrix([[1.0, 0.25], [0.25, 1.0]], ["red", "green"])[1]
    {'row': 'red', 'column': 'green', 'value': 0.25}
    """
    import numpy as np

    columns = rows if columns is None else columns
    array = np.asarray(values, dtype=float)
    if array.shape != (len(rows), len(columns)):
        raise ValueError(
            f"values must be {len(rows)} × {len(columns)}, one row per name in rows, one column per name in columns; "
            f"got shape {array.shape}; pass the names that belong to it"
        )
    return [
        {"row": row, "column": column, "value": float(array[i, j])}
        for i, row in enumerate(rows)
        for j, column in enumerate(columns)
    ]
