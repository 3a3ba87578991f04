"""What a permutation file holds: the bits that each tensor takes beside what other ways to write it would."""

import math
from pathlib import Path

from rewire.permutations.file import Entry, read_permutation_file


def describe(path: str | Path) -> list[dict[str, object]]:
    """One row for each tensor of a permutation file, and a last one for the whole file, its header included.

    Returns rows {"tensor", "shape", "size", "bits per weight", "log2(n!)/n", "packed ranks", "as it is", "bytes"}. Bits
    per weight are what its bytes come to (in the last row: those of the file), packed ranks ⌈log2 n⌉, as it is the
    dtype's 32 or 16. log2(n!)/n is the least for n different values; rows of equal ones, such as sparse rows, take
    less. Neither stands where a tensor is no permutation and is written as it is; the last row counts its bits in all.

    Raises as `rewire.load_permutation` does, except that no initial values are looked at.

    >>> source = rewire.permutations.Initial(seed=1)
    >>> layer = rewire.permutations.initialise_(nn.Linear(784, 10), source)
    >>> path = rewire.save_permutation(layer, source, tmp / "described")
    >>> rows = rewire.permutations.describe(path)
    >>> [(row["tensor"], round(row["bits per weight"], 2), row["packed ranks"]) for row in rows[:2]]
    [('weight', 8.18, 10), ('bias', 32.0, None)]
    """
    entries = read_permutation_file(path).entries
    listed = [
        {"tensor": entry.name, "shape": "×".join(map(str, entry.shape))} | _figures(entry.size, entry.bytes, [entry])
        for entry in entries
    ]
    whole = _figures(sum(entry.size for entry in entries), Path(path).stat().st_size, entries)
    return [*listed, {"tensor": "whole file", "shape": ""} | whole]


def log2_orders(n: int) -> float:
    """log2(n!), what an order of n different values takes at least.

    >>> log2_orders(784) / 784
    8.17...
    """
    return math.lgamma(n + 1) / math.log(2)


def _figures(size: int, spent: int, entries: list[Entry]) -> dict[str, object]:
    weights, coded = max(size, 1), any(entry.coded is not None for entry in entries)
    bits = [entry.size * entry.dtype.itemsize * 8 for entry in entries]
    return {
        "size": size,
        "bits per weight": 8 * spent / weights,
        "log2(n!)/n": sum(map(_bound, entries)) / weights if coded else None,
        "packed ranks": _trim(sum(map(_packed, entries)) / weights) if coded else None,
        "as it is": _trim(sum(bits) / weights),
        "bytes": spent,
    }


def _bound(entry: Entry) -> float:
    if entry.coded is None:
        return 8 * entry.bytes
    return entry.size // max(entry.longest, 1) * log2_orders(entry.longest)


def _packed(entry: Entry) -> int:
    if entry.coded is None:
        return 8 * entry.bytes
    return entry.size * max(entry.longest - 1, 0).bit_length()


def _trim(number: float) -> float | int:
    """Whole numbers as such."""
    return int(number) if number == int(number) else number
