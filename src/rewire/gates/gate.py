"""The gate: w = values ⊙ switch(score of the active task), as a parametrization of any parameter of any module."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from rewire.errors import choice
from rewire.gates.switches import Own, Switch


class PerTask(nn.Module):
    """A module that behaves differently from task to task; `rewire.switch` calls its `activate`."""

    tasks: list[str]
    task: str

    def activate(self, task: str) -> None:
        raise NotImplementedError


class Gate(PerTask):
    """One tensor's scores, a separate parameter (or buffer) for each task.

    Separate, because tasks stacked in one parameter would give the others zero gradients instead of none, and
    momentum would go on moving them. `active` is a second reference to one of them: it changes hands without a
    copy, and `torch.compile` sees the same graph whichever task it points to.
    """

    active: Tensor

    def __init__(self, switch: Switch, tasks: Sequence[str], scores: Sequence[Tensor]) -> None:
        super().__init__()
        self.switch = switch
        self.tasks = []
        self._cache: dict[str, Tensor] | None = None
        for task, score in zip(tasks, scores, strict=True):
            self.add(task, score)
        self.activate(tasks[0])

    def add(self, task: str, score: Tensor) -> None:
        """Append a task; a `Parameter` is trained, a plain tensor is a buffer."""
        key = f"task{len(self.tasks)}"
        if isinstance(score, nn.Parameter):
            self.register_parameter(key, score)
        else:
            self.register_buffer(key, score)
        self.tasks.append(task)

    def score(self, task: str) -> Tensor:
        return getattr(self, f"task{self.tasks.index(task)}")

    def mask(self, task: str) -> Tensor:
        return self.switch.mask(self.score(task))

    def levels(self, task: str) -> Tensor:
        """What a mixture of tasks is made of: masks, or the tensors themselves where tasks own them."""
        return self.score(task) if isinstance(self.switch, Own) else self.mask(task)

    def activate(self, task: str) -> None:
        self.task = task
        # Past nn.Module's own __setattr__, which would register the same parameter under a second name.
        self.__dict__["active"] = self.score(task)

    def forward(self, values: Tensor) -> Tensor:
        if self._cache is None:
            return self.switch.product(values, self.active)
        if self.task not in self._cache:
            self._cache[self.task] = self.switch.product(values, self.active).detach()
        return self._cache[self.task]

    def _apply(self, fn, recurse: bool = True):
        super()._apply(fn, recurse)
        self.activate(self.task)  # moving to a device or dtype may have made new tensors
        return self

    def _load_from_state_dict(self, *args: object, **kwargs: object) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        self.activate(self.task)  # assign=True replaces them

    def extra_repr(self) -> str:
        return f"{self.switch}, tasks={self.tasks}, active={self.task!r}"


def slots(model: nn.Module) -> Iterator[tuple[str, nn.Module, str, Gate]]:
    """(name, module, tensor name, gate) of every gated tensor; tied tensors share one gate under several names."""
    for module_name, module in model.named_modules():
        if not parametrize.is_parametrized(module):
            continue
        for tensor_name, chain in module.parametrizations.items():  # type: ignore[union-attr]
            if isinstance(chain[0], Gate):
                yield f"{module_name}.{tensor_name}".lstrip("."), module, tensor_name, chain[0]


def gates(model: nn.Module) -> dict[str, Gate]:
    """Every gate by the name of the tensor it gates. Raises ValueError on a model without one."""
    found = {name: gate for name, _, _, gate in slots(model)}
    if not found:
        raise ValueError("model must be gated; got a plain module: call rewire.gate(model, tasks=[...]) first")
    return found


def masked_gates(model: nn.Module) -> dict[str, Gate]:
    """The gates that have masks: all but the tensors that tasks own outright."""
    return {name: gate for name, gate in gates(model).items() if not isinstance(gate.switch, Own)}


def original(module: nn.Module, tensor_name: str) -> Tensor:
    """The shared values behind a gated tensor, as registered (a parameter or a buffer)."""
    return module.parametrizations[tensor_name].original  # type: ignore[index, union-attr]


def values(model: nn.Module) -> dict[str, Tensor]:
    """The shared values θ_W by tensor name: leaves, as the optimizer sees them."""
    gates(model)
    return {name: original(module, tensor) for name, module, tensor, _ in slots(model)}


def scores(model: nn.Module, task: str) -> dict[str, Tensor]:
    """One task's scores θ_M by tensor name: leaves, as the optimizer sees them."""
    require_task(model, task)
    return {name: gate.score(task) for name, gate in masked_gates(model).items()}


@torch.no_grad()
def masks(model: nn.Module, task: str) -> dict[str, Tensor]:
    """One task's masks by tensor name, each of its tensor's shape with entries in [0, 1]."""
    require_task(model, task)
    return {name: gate.mask(task) for name, gate in masked_gates(model).items()}


def per_task(model: nn.Module) -> list[PerTask]:
    return [module for module in model.modules() if isinstance(module, PerTask)]


def tasks_of(model: nn.Module) -> list[str]:
    """The names of a model's tasks, in the order they were added; ValueError if it has none."""
    parts = per_task(model)
    return list(parts[0].tasks) if parts else list(gates(model))


def active_task(model: nn.Module) -> str:
    """The task that a forward pass would serve now."""
    tasks_of(model)
    return per_task(model)[0].task


def require_task(model: nn.Module, task: str) -> None:
    known = tasks_of(model)
    if task not in known:
        raise choice("task", known, task)


def switch(model: nn.Module, task: str) -> nn.Module:
    """Make `task` the one that forward and backward passes serve; returns the model.

    Nothing is copied or computed: each gate's active slot points to another score. Raises ValueError for an
    unknown task (naming the nearest) and for a model that was never gated.

    >>> model = rewire.gate(nn.Linear(2, 1), tasks=["day", "night"])
    >>> rewire.active_task(rewire.switch(model, "night"))
    'night'
    """
    require_task(model, task)
    for part in per_task(model):
        part.activate(task)
    return model
