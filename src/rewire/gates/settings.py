"""Settings of switches that change while training: density and temperature, by hand or by a schedule."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, cast

import torch
from torch import Tensor, nn

from rewire.errors import choice
from rewire.gates.active import active_task
from rewire.gates.bernoulli import Bernoulli
from rewire.gates.gate import Gate
from rewire.gates.parts import masked_gates, scores
from rewire.gates.switches import Switch
from rewire.gates.top import top_mask
from rewire.gates.topk import TopK, check_density, count_off
from rewire.masks.selection import EmptyLayer


def set_density(model: nn.Module, density: float, scope: str = "layer", task: str | None = None) -> nn.Module:
    """Give the `TopK` gates of a model this density, for all their tasks; returns the model.

    Args:
        density: the fraction kept, in (0, 1].
        scope: "layer" keeps that fraction of every tensor; "global" that of all together, the largest |score|
            wherever they stand. Counts of the layers are then those of `task`'s scores at this moment: call it after
            every step, or as a `Schedule`.
        task: whose scores decide (default: the active one's).

    Raises ValueError for a density outside (0, 1], one that leaves a tensor nothing, another scope, or a model without
    TopK gates.

    >>> model = rewire.gate(nn.Linear(8, 4), ["day"], rewire.TopK(0.5))
    >>> rewire.gates.masks(rewire.gates.set_density(model, 0.25), "day")["weight"].sum()
    tensor(8.)
    """
    check_density(density)
    found = _having(model, TopK)
    if scope == "layer":
        fractions = dict.fromkeys(found, density)
    elif scope == "global":
        mine = scores(model, active_task(model) if task is None else task)
        fractions = global_densities({name: mine[name] for name in found}, density)
    else:
        raise choice("scope", ["layer", "global"], scope)
    changed = {name: _with(gate, density=fractions[name]) for name, gate in found.items()}
    for name, gate in found.items():
        count_off(fractions[name], gate.active.numel())  # raises before any gate is changed
    for name, gate in found.items():
        gate.switch = changed[name]
    return model


def global_densities(scores: Mapping[str, Tensor], density: float) -> dict[str, float]:
    """The fraction of each tensor among the largest |score| of all: n − ⌊(1 − density)·n⌋ of n entries in all.

    Of equal magnitudes the earlier are off, in the mapping's order. Raises EmptyLayer where a tensor would keep
    nothing.

    >>> global_densities({"a": torch.tensor([1.0, 4.0]), "b": torch.tensor([3.0, 2.0, 5.0, 6.0])}, 0.5)
    {'a': 0.5, 'b': 0.5}
    """
    check_density(density)
    together = torch.cat([score.detach().flatten() for score in scores.values()])
    kept = top_mask(together, count_off(density, together.numel())).split([s.numel() for s in scores.values()])
    counts = {name: int(mask.count_nonzero()) for name, mask in zip(scores, kept)}
    for name, count in counts.items():
        if not count and scores[name].numel():
            raise EmptyLayer(name, scores[name].numel())
    return {name: count / max(scores[name].numel(), 1) for name, count in counts.items()}


def set_temperature(model: nn.Module, temperature: float) -> nn.Module:
    """Give the `Bernoulli` gates of a model this temperature, for all their tasks; returns the model.

    Raises ValueError for a temperature that is not finite and > 0, or a model without Bernoulli gates.

    >>> model = rewire.gate(nn.Linear(2, 1), ["day"], rewire.Bernoulli(mean=1.0))
    >>> rewire.gates.masks(rewire.gates.set_temperature(model, 0.1), "day")["bias"]
    tensor([1.0000])
    """
    found = _having(model, Bernoulli)
    changed = [_with(gate, temperature=temperature) for gate in found.values()]
    for gate, switch in zip(found.values(), changed):
        gate.switch = switch
    return model


def _with(gate: Gate, **settings: float) -> Switch:
    return replace(cast(Any, gate.switch), **settings)


def _having(model: nn.Module, kind: type) -> dict[str, Gate]:
    found = {name: gate for name, gate in masked_gates(model).items() if isinstance(gate.switch, kind)}
    if not found:
        raise ValueError(f"model must have {kind.__name__} gates; got none: gate it with rewire.{kind.__name__}()")
    return found


class Schedule:
    """Apply `change(value(step))` at step 0 and after every step; for `training.fit(scheduler=…)` or a loop of yours.

    Further schedulers (of the learning rate, say) may ride along: they are stepped and stored with it. To load a state
    applies its value again, hence after the model's own state.

    >>> model = rewire.gate(nn.Linear(8, 4), ["day"], rewire.TopK())
    >>> thinning = Schedule(lambda d: rewire.gates.set_density(model, d), lambda step: max(0.25, 1 - step / 100))
    >>> for _ in range(50):
    ...     thinning.step()    # after optimizer.step()
    >>> rewire.gates.masks(model, "day")["weight"].mean()
    tensor(0.5000)
    """

    def __init__(self, change: Callable[[float], Any], value: Callable[[int], float], *beside: Any) -> None:
        self.change, self.value, self.beside, self.steps = change, value, beside, 0
        change(value(0))

    def step(self) -> None:
        self.steps += 1
        self.change(self.value(self.steps))
        for other in self.beside:
            other.step()

    def state_dict(self) -> dict[str, Any]:
        return {"steps": self.steps, "beside": [other.state_dict() for other in self.beside]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        for other, saved in zip(self.beside, state["beside"], strict=True):
            other.load_state_dict(saved)
        self.steps = state["steps"]
        self.change(self.value(self.steps))
