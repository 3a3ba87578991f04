"""What a saved gated model holds, read from its files alone: no model needed."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from rewire.files import reserved
from rewire.gates.contents import as_scores, check_gates, is_packed
from rewire.gates.manifest import Entry, read_checked, read_manifest, switch_from
from rewire.masks import unpack


def describe(directory: str | Path) -> list[dict[str, object]]:
    """One row for each task and masked tensor of a save.

    Returns rows {"task", "tensor", "switch", "shape", "density", "overlap", "bits per weight"}: density is the mean
    mask; overlap is Σ min / Σ max with the other tasks' masks (the Jaccard index of 0/1 masks), averaged over them;
    bits per weight is what the task's file spends. Raises ValueError as `rewire.load` does.

    >>> directory = rewire.save(rewire.gate(nn.Linear(8, 1), ["day"], rewire.Hard()), tmp / "described")
    >>> [row["bits per weight"] for row in rewire.gates.describe(directory)]
    [1.0, 8.0]
    """
    directory = Path(directory)
    with reserved(directory, shared=True):
        manifest = read_manifest(directory)
        check_gates(manifest, read_checked(directory, manifest.values))
        files = {task: read_checked(directory, manifest.task_files[task]) for task in manifest.tasks}
    switches = {name: switch_from(entry.switch) for name, entry in manifest.gates.items()}
    for tensors in files.values():
        as_scores(tensors, manifest.gates, switches)
    masked = {n: e for n, e in manifest.gates.items() if e.same_as is None and e.switch["name"] != "Own"}
    return [row for name, entry in masked.items() for row in _rows(name, entry, {t: f[name] for t, f in files.items()})]


def _rows(name: str, entry: Entry, stored: Mapping[str, Tensor]) -> list[dict[str, object]]:
    masks = {task: _mask(tensor, entry) for task, tensor in stored.items()}
    return [
        {
            "task": task,
            "tensor": name,
            "switch": entry.switch["name"],
            "shape": "×".join(map(str, entry.shape)),
            "density": mask.sum().item() / max(mask.numel(), 1),
            "overlap": _overlap(mask, [other for key, other in masks.items() if key != task]),
            "bits per weight": stored[task].numel() * stored[task].element_size() * 8 / max(mask.numel(), 1),
        }
        for task, mask in masks.items()
    ]


def _mask(stored: Tensor, entry: Entry) -> Tensor:
    switch = switch_from(entry.switch)
    return (unpack(stored, entry.shape) if is_packed(stored, switch) else switch.mask(stored)).double()


def _overlap(mask: Tensor, others: list[Tensor]) -> float | None:
    if not others:
        return None
    shared = [torch.minimum(mask, o).sum() / torch.maximum(mask, o).sum().clamp_min(1e-12) for o in others]
    return torch.stack(shared).mean().item()
