"""What a saved gated model holds, read from its files alone: no model needed."""

from pathlib import Path

import torch
from torch import Tensor

from rewire.gates.manifest import Manifest, read_checked, read_manifest, switch_from
from rewire.masks import unpack


def describe(directory: str | Path) -> list[dict[str, object]]:
    """Rows {"task", "tensor", "switch", "shape", "density", "overlap", "bits per weight"} for each task and masked tensor.

    density is the mean mask; overlap is Σ min / Σ max with the other tasks' masks (the Jaccard index of 0/1 masks),
    averaged over them; bits per weight is what the task's file spends. Raises ValueError as `rewire.load` does.
    """
    manifest = read_manifest(Path(directory))
    files = {task: read_checked(Path(directory), manifest.task_files[task]) for task in manifest.tasks}
    rows = []
    for name, entry in manifest.gates.items():
        if entry.same_as is not None or entry.switch["name"] == "Own":
            continue
        found = {task: _mask(tensors[name], name, manifest) for task, tensors in files.items()}
        for task, mask in found.items():
            stored = files[task][name]
            rows.append(
                {
                    "task": task,
                    "tensor": name,
                    "switch": entry.switch["name"],
                    "shape": "×".join(map(str, entry.shape)),
                    "density": mask.double().mean().item(),
                    "overlap": _overlap(mask, [other for name, other in found.items() if name != task]),
                    "bits per weight": stored.numel() * stored.element_size() * 8 / mask.numel(),
                }
            )
    return rows


def _mask(stored: Tensor, name: str, manifest: Manifest) -> Tensor:
    entry = manifest.gates[name]
    switch = switch_from(entry.switch)
    if stored.dtype == torch.uint8 and switch.binary:
        return unpack(stored, entry.shape).float()
    return switch.mask(stored)


def _overlap(mask: Tensor, others: list[Tensor]) -> float | None:
    if not others:
        return None
    shared = [torch.minimum(mask, o).sum() / torch.maximum(mask, o).sum().clamp_min(1e-12) for o in others]
    return (sum(shared) / len(shared)).item()  # type: ignore[union-attr]
