"""Which of a gated model's tensors stand in which file of a save, and whether another model has the same ones."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from rewire.gates.active import require_task
from rewire.gates.manifest import Entry, Manifest, switch_record
from rewire.gates.parts import gates, original, slots
from rewire.gates.switches import Own, Switch
from rewire.masks import pack, unpack

# Settings of switches that make another network of the same scores.
SETTINGS = ("density", "temperature", "rescale")


def unwrapped(model: nn.Module) -> nn.Module:
    """The model inside torch.compile's wrapper or a parallel one: files hold its own names, without the wrapper's."""
    if isinstance(model, nn.parallel.DataParallel | nn.parallel.DistributedDataParallel):
        return unwrapped(model.module)
    inner = getattr(model, "_orig_mod", model)
    return model if inner is model else unwrapped(inner)


def shared_tensors(model: nn.Module) -> dict[str, Tensor]:
    """Everything but the tasks' own tensors, under the names it has in the plain model; tied tensors once."""
    gated = {id(original(module, part)): name for name, module, part, _ in reversed(list(slots(model)))}
    seen = {id(gate.score(task)) for _, _, _, gate in slots(model) for task in gate.tasks}
    seen |= {id(gate.stream.state) for _, _, _, gate in slots(model) if gate.stream is not None}
    found: dict[str, Tensor] = {}
    for name, tensor in model.state_dict(keep_vars=True).items():
        if not isinstance(tensor, Tensor):
            kind = type(tensor).__name__
            raise TypeError(f"model state must be tensors, to be saved without pickle; {name!r} is of type {kind}")
        if id(tensor) in seen:
            continue
        seen.add(id(tensor))
        plain = gated.get(id(tensor), name)
        if not is_lazy(tensor) and tensor.is_meta:
            raise ValueError(f"model must hold numbers; {plain!r} is on the meta device: call model.to_empty first")
        found[plain] = tensor
    return found


def mask_values(model: nn.Module) -> dict[str, Tensor]:
    """The shared tensors that masks rely on: all but those that every task has a version of its own of."""
    unused = {id(original(module, part)) for _, module, part, gate in slots(model) if isinstance(gate.switch, Own)}
    return {name: tensor for name, tensor in shared_tensors(model).items() if id(tensor) not in unused}


def task_tensors(model: nn.Module, task: str, scores: bool) -> dict[str, Tensor]:
    """One task's file: packed bits of binary masks (unless `scores` are wanted), scores or own tensors otherwise."""
    require_task(model, task)
    return {
        name: pack(gate.mask(task) > 0) if gate.switch.binary and not scores else gate.score(task)
        for name, gate in gates(model).items()
    }


def entries(model: nn.Module) -> dict[str, Entry]:
    """The manifest's description of every gated tensor; nothing for a plain model."""
    first: dict[int, str] = {}
    found = {}
    for name, module, part, gate in slots(model):
        tensor = original(module, part)
        same_as = first.setdefault(id(gate), name)
        found[name] = Entry(
            switch=switch_record(gate.switch),
            shape=list(tensor.shape),
            dtype=str(tensor.dtype).removeprefix("torch."),
            trained=tensor.requires_grad,
            same_as=None if same_as == name else same_as,
            stream=None if gate.stream is None else gate.stream.state.flatten().tolist(),
        )
    return found


def as_scores(
    tensors: Mapping[str, Tensor], saved: Mapping[str, Entry], switches: Mapping[str, Switch]
) -> dict[str, Tensor]:
    """A task's scores from its file's tensors; bits become scores that stand for them."""
    expected = {name for name, entry in saved.items() if entry.same_as is None}
    if set(tensors) != expected:
        raise ValueError(f"task file must hold {sorted(expected)}; got {sorted(tensors)}: it belongs to another model")
    return {name: as_score(tensor, saved[name], switches[name]) for name, tensor in tensors.items()}


def as_score(tensor: Tensor, entry: Entry, switch: Switch) -> Tensor:
    if is_packed(tensor, switch):
        on = unpack(tensor, entry.shape)
        score = switch.score(on.float())
        if not torch.equal(switch.mask(score) > 0, on):
            kept = int(on.count_nonzero())
            raise ValueError(
                f"task file must hold masks of {switch}; got one that keeps {kept} of {on.numel()} weights"
            )
        return score
    if list(tensor.shape) != entry.shape:
        raise ValueError(f"task file must hold scores of shape {entry.shape}; got {list(tensor.shape)}")
    return tensor


def is_packed(tensor: Tensor, switch: Switch) -> bool:
    return switch.binary and not tensor.is_floating_point()


def check_architecture(model: nn.Module, manifest: Manifest, shared: Mapping[str, Tensor]) -> None:
    """Raise ValueError naming the first tensor in which the model differs from what was saved."""
    mine, gated = shared_tensors(model), entries(model)
    for name in [*mine, *sorted(shared)]:  # a safetensors file has no order of its own
        have, want = _shape(mine.get(name)), _shape(shared.get(name))
        if have != want:
            raise ValueError(f"model must be as the saved one; {name!r} is {have} in the model and {want} in the file")
        if name in shared and shared[name].is_complex() > mine[name].is_complex():  # half of it would be lost
            raise ValueError(f"model must be as the saved one; {name!r} is real in the model and complex in the file")
    check_gates(manifest, shared)
    for name in [*gated, *manifest.gates] if gated else []:
        have, want = _gate(gated.get(name)), _gate(manifest.gates.get(name))
        if have != want:
            raise ValueError(f"model must be gated as the saved one; {name!r} has {have}, in the file {want}")


def check_gates(manifest: Manifest, shared: Mapping[str, Tensor]) -> None:
    """Raise ValueError naming the first gate that is of no saved tensor, or of another shape than it."""
    for name, entry in manifest.gates.items():
        if (entry.same_as or name) not in shared or list(shared[entry.same_as or name].shape) != entry.shape:
            raise ValueError(f"saved gates must be of saved tensors; {name!r} is not: config.json was changed by hand")


def _shape(tensor: Tensor | None) -> str:
    if tensor is None:
        return "absent"
    return "lazily initialised" if is_lazy(tensor) else str(list(tensor.shape))


def _gate(entry: Entry | None) -> str:
    if entry is None:
        return "no gate"
    if entry.same_as is not None:
        return f"the gate of {entry.same_as!r}"
    listed = ", ".join(f"{key}={entry.switch[key]!r}" for key in SETTINGS if entry.switch.get(key, False) is not False)
    return f"{entry.switch['name']}({listed})" if listed else f"{entry.switch['name']}"
