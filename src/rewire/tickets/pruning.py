"""Masks from and for `torch.nn.utils.prune`, which keeps `weight_orig` and `weight_mask` in place of a weight."""

from collections.abc import Iterator
from typing import TypeVar

from torch import nn
from torch.nn.parameter import is_lazy
from torch.nn.utils import prune

from rewire.errors import choice
from rewire.gates.contents import unwrapped
from rewire.gates.parts import chains
from rewire.gates.selection import Slot, parameter_slots
from rewire.masks import Mask

Model = TypeVar("Model", bound=nn.Module)


def from_prune(model: nn.Module) -> Mask:
    """What `torch.nn.utils.prune` keeps of a model: a mask by the names that the parameters have without pruning.

    Wrappers (torch.compile's, DDP's) are looked through. The model stays pruned. Raises ValueError where nothing is.

    >>> layer = torch.nn.utils.prune.l1_unstructured(nn.Linear(4, 2), "weight", amount=2)
    >>> rewire.tickets.from_prune(layer)
    Mask(1 tensor, 6 of 8 on, density 0.75)
    """
    found = {slot.name: getattr(slot.module, f"{slot.tensor_name}_mask") != 0 for slot in _pruned(unwrapped(model))}
    if not found:
        raise ValueError("model must be pruned by torch.nn.utils.prune; none of its modules is (prune.remove ends it)")
    return Mask(found)


def to_prune(model: Model, mask: Mask) -> Model:
    """Prune a plain model, in place, by `torch.nn.utils.prune.custom_from_mask`; a tied weight in all its places.

    Args:
        mask: by parameter name, not necessarily for every parameter.

    Returns the model; `prune.remove` makes the zeros permanent. Raises ValueError, before anything is changed, for a
    mask of another model, naming the parameter, and for one that is pruned, parametrized or lazily initialised.

    >>> mask = rewire.Mask({"weight": torch.tensor([[True, False]])})
    >>> rewire.tickets.from_prune(rewire.tickets.to_prune(nn.Linear(2, 1), mask)) == mask
    True
    """
    plain = unwrapped(model)
    slots = {slot.name: slot for slot in parameter_slots(plain)}
    for name in mask:
        _refuse_unsuitable(plain, slots, name)
    mask.check({name: slots[name].tensor for name in mask})
    tied = {slots[name].tensor: on for name, on in mask.items()}
    for slot in slots.values():
        if (on := mask.get(slot.name, tied.get(slot.tensor))) is not None:
            prune.custom_from_mask(slot.module, slot.tensor_name, on.to(slot.tensor.device))
    return model


def _pruned(model: nn.Module) -> Iterator[Slot]:
    for module_name, module in model.named_modules():
        for hook in module._forward_pre_hooks.values():
            if isinstance(hook, prune.BasePruningMethod):
                yield Slot(module, module_name, hook._tensor_name)


def _refuse_unsuitable(model: nn.Module, slots: dict[str, Slot], name: str) -> None:
    if name in {slot.name for slot in _pruned(model)}:
        raise ValueError(f"model must be plain; {name!r} is pruned already: call prune.remove first")
    if name in {Slot(m, path, key).name for path, m in model.named_modules() for key in chains(m)}:
        raise ValueError(f"model must be plain; {name!r} is parametrized: call remove_parametrizations first")
    if name not in slots:
        raise choice("mask names", slots, name, "it is of another model")
    if is_lazy(slots[name].tensor):
        raise ValueError(f"model must have its shapes; {name!r} is lazily initialised: run one batch through it first")
