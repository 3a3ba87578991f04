"""`save` and `load`: shared values once, and for each task one bit per weight, or its scores; safetensors, no pickle."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from rewire.errors import choice
from rewire.files import write_atomic, write_json
from rewire.gates.add import add_task
from rewire.gates.attach import attach
from rewire.gates.gate import Gate, gates, original, slots, tasks_of
from rewire.gates.manifest import (
    FORMAT,
    MANIFEST,
    VERSION,
    Entry,
    Manifest,
    describe_file,
    read_checked,
    read_manifest,
    switch_from,
    switch_record,
    to_json,
)
from rewire.gates.selection import Slot
from rewire.masks import pack, unpack


def save(model: nn.Module, directory: str | Path, *, scores: bool = False) -> Path:
    """Save a gated model: config.json, the shared values, and one small file per task.

    A task whose switch is binary (`Hard`) takes one bit per weight; other switches need their scores, so
    `rewire.binarize` first where masks of one bit will do. Heads, biases and norm statistics that a task owns go into its
    file. A crash leaves the previous save or the new one.

    Args:
        scores: keep binary switches' scores too, to go on training exactly where this stopped.

    Returns the directory. Raises ValueError for a model without gates, OSError where it cannot be written.
    """
    target = Path(directory)
    target.mkdir(parents=True, exist_ok=True)
    files = {"values": _bytes(_shared_tensors(model))}
    files |= {f"task-{i}": _bytes(_task_tensors(model, task, scores)) for i, task in enumerate(tasks_of(model))}
    entries = {stem: describe_file(content, stem) for stem, content in files.items()}
    for stem, content in files.items():
        write_atomic(target / entries[stem].name, content)
    tasks = tasks_of(model)
    task_files = {task: entries[f"task-{i}"] for i, task in enumerate(tasks)}
    write_json(
        target / MANIFEST, to_json(Manifest(FORMAT, VERSION, tasks, _entries(model), entries["values"], task_files))
    )
    kept = {entry.name for entry in entries.values()}
    for path in target.glob("*.safetensors"):
        if path.name not in kept and path.name.startswith(("values-", "task-")):
            path.unlink()
    return target


def load(
    model: nn.Module, directory: str | Path, tasks: Iterable[str] | None = None, *, values: bool = True
) -> nn.Module:
    """Load what `save` wrote into a plain model of the same architecture (it becomes gated) or a gated one.

    Args:
        tasks: only these; default all. Tasks that a gated model lacks are added, its other tasks stay untouched.
        values: False keeps the model's own shared values and refuses masks that were trained over others.

    Everything is read and checked before the model is changed. Raises ValueError for a foreign, damaged or truncated
    file, an unknown task, and for another architecture, naming the first tensor that differs.

    >>> directory = rewire.save(rewire.gate(nn.Linear(2, 1), ["day"], rewire.Hard()), tmp / "out")
    >>> rewire.tasks_of(rewire.load(nn.Linear(2, 1), directory))
    ['day']
    """
    directory = Path(directory)
    manifest = read_manifest(directory)
    wanted = manifest.tasks if tasks is None else list(tasks)
    for task in wanted:
        if task not in manifest.tasks:
            raise choice("tasks", manifest.tasks, task)
    shared = read_checked(directory, manifest.values)
    per_task = {task: _unpacked(read_checked(directory, manifest.task_files[task]), manifest) for task in wanted}
    is_gated = any(True for _ in slots(model))
    _check_architecture(model, manifest, shared, is_gated)
    if not values and not all(torch.equal(t.cpu(), shared[name]) for name, t in _shared_tensors(model).items()):
        raise ValueError(
            "values must equal the saved ones to keep them (values=False); got others: load with values=True"
        )
    if not is_gated:
        _gate_as_saved(model, manifest, wanted)
    _fill(model, shared if values else {}, per_task)
    return model


def _bytes(tensors: Mapping[str, Tensor]) -> bytes:
    from safetensors.torch import save as to_bytes

    return to_bytes(
        {name: t.detach().cpu().clone(memory_format=torch.contiguous_format) for name, t in tensors.items()}
    )


def _shared_tensors(model: nn.Module) -> dict[str, Tensor]:
    """Everything but the tasks' own tensors, under the names it has in the plain model; tied tensors once."""
    gated = {id(original(module, part)): name for name, module, part, _ in reversed(list(slots(model)))}
    own = {id(gate.score(task)) for _, _, _, gate in slots(model) for task in gate.tasks}
    state = model.state_dict(keep_vars=True)
    named = {gated.get(id(tensor), name): tensor for name, tensor in state.items() if id(tensor) not in own}
    first: dict[int, str] = {}
    for name, tensor in named.items():
        first.setdefault(id(tensor), name)
    return {name: named[name] for name in first.values()}


def _task_tensors(model: nn.Module, task: str, scores: bool) -> dict[str, Tensor]:
    distinct = {id(gate): (name, gate) for name, gate in reversed(gates(model).items())}.values()
    return {
        name: pack(gate.mask(task) > 0) if gate.switch.binary and not scores else gate.score(task)
        for name, gate in distinct
    }


def _entries(model: nn.Module) -> dict[str, Entry]:
    first: dict[int, str] = {}
    entries = {}
    for name, module, part, gate in slots(model):
        tensor = original(module, part)
        same_as = first.setdefault(id(gate), name)
        entries[name] = Entry(
            switch_record(gate.switch),
            list(tensor.shape),
            str(tensor.dtype).removeprefix("torch."),
            tensor.requires_grad,
            None if same_as == name else same_as,
        )
    return entries


def _unpacked(tensors: Mapping[str, Tensor], manifest: Manifest) -> dict[str, Tensor]:
    """A task's scores by tensor name; bits become the scores that stand for them."""
    expected = {name for name, entry in manifest.gates.items() if entry.same_as is None}
    if set(tensors) != expected:
        raise ValueError(f"task file must hold {sorted(expected)}; got {sorted(tensors)}: it belongs to another model")
    return {name: _as_score(tensor, manifest.gates[name]) for name, tensor in tensors.items()}


def _as_score(tensor: Tensor, entry: Entry) -> Tensor:
    switch = switch_from(entry.switch)
    if tensor.dtype == torch.uint8 and switch.binary:
        dtype = getattr(torch, entry.dtype)
        return switch.score(unpack(tensor, entry.shape).to(dtype))
    if list(tensor.shape) != entry.shape:
        raise ValueError(f"task file must hold scores of shape {entry.shape}; got {list(tensor.shape)}")
    return tensor


def _check_architecture(model: nn.Module, manifest: Manifest, shared: Mapping[str, Tensor], is_gated: bool) -> None:
    mine = _shared_tensors(model)
    for name in [*shared, *mine]:
        have, want = mine.get(name), shared.get(name)
        if have is None or want is None or have.shape != want.shape:
            raise ValueError(
                f"model must have the saved architecture; {name!r} is {_shape(have)} in the model and {_shape(want)} in the file"
            )
    if is_gated:
        found = _entries(model)
        for name in [*found, *manifest.gates]:
            a, b = found.get(name), manifest.gates.get(name)
            if a is None or b is None or a.switch["name"] != b.switch["name"]:
                raise ValueError(
                    f"model must be gated as the saved one; {name!r} has {a and a.switch['name']} in the model and {b and b.switch['name']} in the file"
                )


def _shape(tensor: Tensor | None) -> str:
    return "absent" if tensor is None else str(list(tensor.shape))


def _gate_as_saved(model: nn.Module, manifest: Manifest, tasks: list[str]) -> None:
    modules = dict(model.named_modules())
    plan = {}
    for name, entry in manifest.gates.items():
        module_name, _, part = name.rpartition(".")
        slot = Slot(modules[module_name], module_name, part)
        plan[slot] = switch_from(entry.switch)
        slot.tensor.requires_grad_(entry.trained)
    attach(model, plan, tasks, None)


@torch.no_grad()
def _fill(model: nn.Module, shared: Mapping[str, Tensor], per_task: Mapping[str, Mapping[str, Tensor]]) -> None:
    mine = _shared_tensors(model)
    for name, tensor in shared.items():
        mine[name].copy_(tensor)
    found: dict[str, Gate] = gates(model)
    for task, tensors in per_task.items():
        if task not in tasks_of(model):
            add_task(model, task)
        for name, tensor in tensors.items():
            found[name].score(task).copy_(tensor)
