"""Which parameters of a model a mask may prune, and by what names."""

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from torch import nn
from torch.nn.parameter import is_lazy

from rewire.errors import choice
from rewire.gates.contents import unwrapped
from rewire.gates.parts import chains
from rewire.gates.selection import Slot, is_bias, is_norm, parameter_slots


def prunable(model: nn.Module, ignore: str | Iterable[str] = ()) -> dict[str, nn.Parameter]:
    """The trained weights of two and more dimensions, by name: what a ticket prunes unless told otherwise.

    Never biases or the scales of normalisation layers, nor what is frozen or empty. A tied weight appears once, under
    its first name. Wrappers (torch.compile's, DDP's) are looked through: names are those of the model inside.

    Args:
        ignore: glob patterns of names to leave out; a tied weight is left out by any of its names.

    Raises ValueError where nothing is left, for a pattern that matches no parameter, and for a weight that is lazily
    initialised, on the meta device, parametrized or recomputed by a hook.

    >>> list(prunable(nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 2)), ignore="2.*"))
    ['0.weight']
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module; got {type(model).__name__}")
    aliases = parameter_names(model)
    slots = {slot: aliases.get(slot.tensor, [slot.name]) for slot in _weights(unwrapped(model))}  # type: ignore[call-overload]
    known = [name for names in (*aliases.values(), *slots.values()) for name in names]
    patterns = [ignore] if isinstance(ignore, str) else list(ignore) if isinstance(ignore, Iterable) else [ignore]
    if not all(isinstance(pattern, str) for pattern in patterns):
        raise TypeError(f"ignore must be glob patterns of names; got {ignore!r}")
    for pattern in patterns:
        if not any(_matches(name, pattern) for name in known):
            raise choice("ignore", dict.fromkeys(known), pattern)
    ignored = {name for name in known if any(_matches(name, pattern) for pattern in patterns)}
    found = {slot.name: slot for slot, names in slots.items() if ignored.isdisjoint(names)}
    for slot in found.values():
        _refuse_unsuitable(slot)
    if not found:
        raise ValueError("model must have trained weights of at least two dimensions; got none that is not ignored")
    return {name: slot.module._parameters[slot.tensor_name] for name, slot in found.items()}  # type: ignore[misc]


def parameter_names(model: nn.Module) -> dict[nn.Parameter, list[str]]:
    """Every parameter with all names it has in the model inside any wrapper; a tied one has several."""
    names: dict[nn.Parameter, list[str]] = {}
    for name, parameter in unwrapped(model).named_parameters(remove_duplicate=False):
        names.setdefault(parameter, []).append(name)
    return names


def _weights(model: nn.Module) -> Iterator[Slot]:
    """The places of weights, a tied one's first; that of a lazily initialised one too, for it may have any shape."""
    seen = set()
    for slot in _slots(model):
        tensor = slot.tensor
        weight = is_lazy(tensor) or (tensor.ndim >= 2 and tensor.numel() and tensor.is_floating_point())
        if tensor in seen or not weight or not tensor.requires_grad or is_bias(slot) or is_norm(slot.module):
            continue
        seen.add(tensor)
        yield slot


def _slots(model: nn.Module) -> Iterator[Slot]:
    """Parameters, and the parametrized tensors that have taken the place of one."""
    yield from parameter_slots(model)
    for name, module in model.named_modules():
        yield from (Slot(module, name, tensor_name) for tensor_name in chains(module))


def _refuse_unsuitable(slot: Slot) -> None:
    tensor, name = slot.tensor, slot.name
    if is_lazy(tensor):
        raise ValueError(f"model must have its shapes; {name!r} is lazily initialised: run one batch through it first")
    if tensor.is_meta:
        raise ValueError(f"model must hold numbers; {name!r} is on the meta device: call model.to_empty first")
    if slot.tensor_name in chains(slot.module):
        fix = "call remove_parametrizations on its module, or ignore it"
        raise ValueError(f"model must be plain; {name!r} is parametrized: {fix}")
    for hook in slot.module._forward_pre_hooks.values():
        if type(hook).__module__.startswith("torch.nn.utils"):
            fix = "call remove_weight_norm, remove_spectral_norm or prune.remove, or ignore it"
            raise ValueError(f"model must be plain; {name!r} is recomputed by {type(hook).__name__}: {fix}")


def _matches(name: str, pattern: str) -> bool:
    return name == pattern or fnmatchcase(name, pattern)  # a name may have brackets of its own
