"""Which tensors a call to `gate` is about, and whether they can be gated: all is checked before anything changes."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from rewire.errors import choice
from rewire.gates.parts import chains
from rewire.gates.switches import Switch

Selector = type[nn.Module] | str | nn.Module | Callable[[str, nn.Module], bool]
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
    """Every parameter that is registered under its own name; a tied one in each of its places."""
    for module_name, module in model.named_modules():
        if "parametrizations" in module_name.split("."):
            continue
        for tensor_name, parameter in module._parameters.items():
            if parameter is not None:
                yield Slot(module, module_name, tensor_name)


def statistic_slots(model: nn.Module) -> list[Slot]:
    """The running statistics of normalisation layers: buffers that a training pass changes."""
    found = [Slot(module, name, key) for name, module in model.named_modules() for key in STATISTICS]
    return [slot for slot in found if slot.module._buffers.get(slot.tensor_name) is not None]


def is_norm(module: nn.Module) -> bool:
    """Whether a module is a normalisation layer: called so, and with a number per channel rather than a matrix."""
    if isinstance(module, nn.LayerNorm | nn.RMSNorm):  # these may have a number per element
        return True
    own = [p for p in module._parameters.values() if p is not None and not is_lazy(p)]
    return "norm" in type(module).__name__.lower() and all(p.numel() == max(p.shape, default=1) for p in own)


def is_bias(slot: Slot) -> bool:
    return "bias" in slot.tensor_name


def select(model: nn.Module, selection: Selection, parameter: str) -> list[Slot]:
    """The parameters that any selector names; a selector that names none is an error."""
    available = _candidates(model)
    chosen: dict[str, Slot] = {}
    for selector in _listed(selection, parameter):
        found = list(filter(matcher(model, selector), available))
        if not found:
            raise _nothing(available, selector, parameter)
        chosen |= {slot.name: slot for slot in found}
    return list(chosen.values())


def matcher(model: nn.Module, selector: Selector) -> Callable[[Slot], bool]:
    """Says of a parameter whether a selector names it, its module or (but for predicates) a module around it."""
    if isinstance(selector, str):
        return lambda slot: any(fnmatchcase(name, selector) for name in (slot.name, *_around(slot.module_name)))
    if isinstance(selector, type | nn.Module):
        named = [m for m in model.modules() if isinstance(m, selector)] if isinstance(selector, type) else [selector]
        inside = {part for module in named for part in module.modules()}
        return lambda slot: slot.module in inside
    return lambda slot: selector(slot.module_name, slot.module)


def _around(module_name: str) -> list[str]:
    """The names of a module and of all that contain it: a, a.b and a.b.c for "a.b.c"."""
    parts = module_name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts) + 1)]


def gateable(model: nn.Module, modules: Selection | None, biases: bool) -> list[Slot]:
    """The slots to gate: of the named modules, or of all but normalisation layers."""
    if modules is None:
        _refuse_quantised(model)
        chosen = [slot for slot in _candidates(model) if not is_norm(slot.module)]
    else:
        chosen = select(model, modules, "modules")
    return [slot for slot in chosen if biases or not is_bias(slot)]


def with_tied(model: nn.Module, plan: Mapping[Slot, Switch]) -> dict[Slot, Switch]:
    """The plan with every place of its tensors: one gated in one place and plain in another could not be merged."""
    switches = {id(slot.tensor): switch for slot, switch in plan.items()}
    return {slot: switches[id(slot.tensor)] for slot in parameter_slots(model) if id(slot.tensor) in switches}


def refuse_unsuitable(slots: Iterable[Slot]) -> None:
    """Raise one clear ValueError for the first tensor that cannot carry a gate."""
    for slot in slots:
        flaw = _flaw_of_module(slot) or _flaw_of_tensor(slot)
        if flaw:
            raise ValueError(flaw)


def _flaw_of_module(slot: Slot) -> str | None:
    module, name = slot.module, slot.name
    if isinstance(module, torch.jit.ScriptModule):
        return f"model must be eager; {name!r} is in a TorchScript module: gate it before scripting"
    if slot.tensor_name in chains(module):
        return f"model must be plain; {name!r} is parametrized: call remove_parametrizations on its module first"
    for hook in module._forward_pre_hooks.values():
        if type(hook).__module__.startswith("torch.nn.utils"):
            undo = "remove_weight_norm, remove_spectral_norm or prune.remove"
            return f"model must be plain; {name!r} is recomputed by {type(hook).__name__}: call {undo} first"
    if getattr(module, "sparse", False) is True:
        return f"gated tensors need dense gradients; {name!r} asks for sparse ones: set sparse=False"
    if hasattr(nn.ModuleDict(), slot.tensor_name):
        return (
            f"a gated tensor cannot be called {slot.tensor_name!r}, as {name!r} is: torch.nn.ModuleDict has that name"
        )
    return None


def _flaw_of_tensor(slot: Slot) -> str | None:
    tensor, name, fix = slot.module._parameters.get(slot.tensor_name), slot.name, "leave it out with modules="
    if tensor is None:  # a buffer with running statistics: never anything else than dense numbers
        return None
    if is_lazy(tensor):
        return f"model must have its shapes; {name!r} is lazily initialised: run one batch through it first"
    if not tensor.is_floating_point():
        return f"gated tensors must be floating point; {name!r} is {tensor.dtype}: {fix}"
    if tensor.layout != torch.strided:
        return f"gated tensors must be dense; {name!r} is {tensor.layout}: {fix}"
    return None


def _candidates(model: nn.Module) -> list[Slot]:
    """What a selector may name; parametrized tensors are among them, so that choosing one is refused, not ignored."""
    computed = (Slot(module, name, key) for name, module in model.named_modules() for key in chains(module))
    return [*parameter_slots(model), *computed]


def _listed(selection: Selection, parameter: str) -> list[Selector]:
    if isinstance(selection, str | nn.Module) or callable(selection):
        return [selection]
    listed = list(selection) if isinstance(selection, Iterable) else [selection]
    for selector in listed:
        if not (isinstance(selector, str | nn.Module) or callable(selector)):
            allowed = "a module, a module type, a name pattern, a predicate (name, module) -> bool, or a list of these"
            raise TypeError(f"{parameter} must be {allowed}; got {selector!r}")
    return cast(list[Selector], listed)


def _nothing(available: list[Slot], selector: Selector, parameter: str) -> ValueError:
    if isinstance(selector, str):
        names = sorted({slot.module_name or slot.name for slot in available})
        return choice(parameter, names, selector, "patterns like 'layer*' work")
    name = getattr(selector, "__name__", type(selector).__name__)
    return ValueError(f"{parameter} must select at least one parameter of the model; {name} selects none")


def _refuse_quantised(model: nn.Module) -> None:
    for name, module in model.named_modules():
        kind = type(module).__module__
        if kind.startswith("torch.") and "quantized" in kind:
            label = name or type(module).__name__
            raise ValueError(f"model must hold float weights; {label!r} is quantised: gate first, merge, then quantise")
