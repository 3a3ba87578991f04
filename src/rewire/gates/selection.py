"""Which tensors a call to `gate` is about, and whether they can be gated at all: everything is checked before anything changes."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.nn.utils import parametrize

from rewire.errors import choice

Selector = type[nn.Module] | str | Callable[[str, nn.Module], bool]
Selection = Selector | Iterable[Selector]

STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


@dataclass(frozen=True)
class Slot:
    """A tensor's place: `module.tensor_name`, called `name` from the model's root."""

    module: nn.Module
    module_name: str
    tensor_name: str

    @property
    def name(self) -> str:
        return f"{self.module_name}.{self.tensor_name}".lstrip(".")

    @property
    def tensor(self) -> Tensor:
        return getattr(self.module, self.tensor_name)


def parameter_slots(model: nn.Module) -> Iterator[Slot]:
    for module_name, module in model.named_modules():
        if ".parametrizations" in f".{module_name}":
            continue
        for tensor_name, parameter in module._parameters.items():
            if parameter is not None:
                yield Slot(module, module_name, tensor_name)


def statistic_slots(model: nn.Module) -> list[Slot]:
    """The running statistics of normalisation layers: buffers that a training pass changes."""
    found = [Slot(module, name, key) for name, module in model.named_modules() for key in STATISTICS]
    return [slot for slot in found if slot.module._buffers.get(slot.tensor_name) is not None]


def is_norm(module: nn.Module) -> bool:
    return "norm" in type(module).__name__.lower()


def is_bias(slot: Slot) -> bool:
    return "bias" in slot.tensor_name


def matches(slot: Slot, selector: Selector) -> bool:
    if isinstance(selector, str):
        return fnmatchcase(slot.module_name, selector) or fnmatchcase(slot.name, selector)
    if isinstance(selector, type):
        return isinstance(slot.module, selector)
    return selector(slot.module_name, slot.module)


def select(model: nn.Module, selection: Selection, parameter: str) -> list[Slot]:
    """The parameters that any selector names; a selector that names none is an error."""
    chosen: dict[str, Slot] = {}
    available = list(parameter_slots(model))
    for selector in listed(selection):
        found = [slot for slot in available if matches(slot, selector)]
        if not found:
            raise _nothing(available, selector, parameter)
        chosen |= {slot.name: slot for slot in found}
    return list(chosen.values())


def listed(selection: Selection) -> list[Selector]:
    return [selection] if isinstance(selection, str) or callable(selection) else list(selection)


def _nothing(available: list[Slot], selector: Selector, parameter: str) -> ValueError:
    if isinstance(selector, str):
        return choice(
            parameter, sorted({slot.module_name for slot in available}), selector, "patterns like 'layer*' work"
        )
    name = getattr(selector, "__name__", selector)
    return ValueError(f"{parameter} must select at least one parameter of the model; {name} selects none")


def gateable(model: nn.Module, modules: Selection | None, biases: bool) -> list[Slot]:
    """The slots to gate: of the named modules, or of all but normalisation layers. Raises where gating cannot work."""
    if modules is None:
        slots = [slot for slot in parameter_slots(model) if not is_norm(slot.module)]
    else:
        slots = select(model, modules, "modules")
    return [slot for slot in slots if biases or not is_bias(slot)]


def refuse_unsuitable_modules(model: nn.Module, modules: Selection | None) -> None:
    """Raise one clear ValueError for the first module, of those named, that cannot carry a gate."""
    for name, module in model.named_modules():
        label, place = name or type(module).__name__, Slot(module, name, "")
        if isinstance(module, torch.jit.ScriptModule):
            raise ValueError(f"model must be eager; {label!r} is a TorchScript module: gate it before scripting")
        chains = module.parametrizations.values() if parametrize.is_parametrized(module) else ()
        for chain in chains:  # type: ignore[union-attr]
            if hasattr(chain[0], "tasks"):
                raise ValueError(f"model must be plain; {label!r} is gated for {chain[0].tasks}: use rewire.add_task")
        if modules is not None and not any(matches(place, selector) for selector in listed(modules)):
            continue
        if chains:
            raise ValueError(
                f"model must be plain; {label!r} is parametrized: call remove_parametrizations on it first"
            )
        if "quantized" in type(module).__module__:
            raise ValueError(f"model must hold float weights; {label!r} is quantised: gate first, merge, then quantise")


def refuse_unsuitable(slot: Slot) -> None:
    """Raise one clear ValueError if this tensor cannot carry a gate."""
    tensor, name = slot.module._parameters[slot.tensor_name], slot.name
    assert tensor is not None
    if is_lazy(tensor):
        raise ValueError(f"model must have its shapes; {name!r} is lazily initialised: run one batch through it first")
    if not tensor.is_floating_point():
        raise ValueError(
            f"gated tensors must be floating point; {name!r} is {tensor.dtype}: leave it out with modules="
        )
    if tensor.layout != torch.strided:
        raise ValueError(f"gated tensors must be dense; {name!r} is {tensor.layout}: leave it out with modules=")
    if getattr(slot.module, "sparse", False) is True:
        raise ValueError(f"gated tensors need dense gradients; {name!r} asks for sparse ones: set sparse=False")
    for hook in slot.module._forward_pre_hooks.values():
        if type(hook).__module__.startswith("torch.nn.utils"):
            raise ValueError(
                f"model must be plain; {name!r} is computed by {type(hook).__name__}: remove that first (remove_weight_norm, prune.remove, ...)"
            )
