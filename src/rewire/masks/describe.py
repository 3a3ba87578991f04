"""What a mask file holds: density and size of each tensor beside the least that it could take."""

from pathlib import Path

from rewire.masks.codec import entropy
from rewire.masks.storage import read_mask_file


def describe(path: str | Path) -> list[dict[str, object]]:
    """One row for each tensor of a mask file, and a last one for the whole file, its header included.

    Returns rows {"tensor", "shape", "kept", "size", "density", "bits per weight", "entropy bound", "coding", "bytes"}:
    bits per weight is what the tensor's bytes (in the last row, the file) come to, entropy bound H(density), summed
    over the tensors in the last row. Raises as `rewire.masks.load_mask` does.

    >>> mask = rewire.Mask({"a": torch.arange(8) > 3, "b": torch.arange(8) > 8})
    >>> path = rewire.masks.save_mask(mask, tmp / "described.safetensors")
    >>> [(row["tensor"], row["density"], row["bits per weight"]) for row in rewire.masks.describe(path)][:2]
    [('a', 0.5, 1.0), ('b', 0.0, 0.0)]
    """
    entries = read_mask_file(path).entries
    bounds = [entropy(entry.size, entry.kept) for entry in entries]
    rows = [
        {"tensor": entry.name, "shape": "×".join(map(str, entry.shape))}
        | _figures(entry.kept, entry.size, bound, entry.bytes)
        | {"coding": entry.coding}
        for entry, bound in zip(entries, bounds)
    ]
    kept, size = sum(entry.kept for entry in entries), sum(entry.size for entry in entries)
    whole = _figures(kept, size, sum(bounds), Path(path).stat().st_size)
    return [*rows, {"tensor": "whole file"} | whole]


def _figures(kept: int, size: int, bound: float, spent: int) -> dict[str, object]:
    entries = max(size, 1)
    return {
        "kept": kept,
        "size": size,
        "density": kept / size if size else 1.0,
        "bits per weight": 8 * spent / entries,
        "entropy bound": bound / entries,
        "bytes": spent,
    }
