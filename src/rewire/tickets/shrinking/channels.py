"""Where channels go: a model's forward pass as a list of steps that say which channel comes from which."""

import copy
from collections.abc import Mapping
from contextlib import redirect_stderr
from dataclasses import dataclass
from io import StringIO
from typing import Any

import torch
from torch import fx, nn
from torch.fx.passes.shape_prop import ShapeProp
from torch.nn.parameter import is_lazy

from rewire.gates.contents import unwrapped
from rewire.tickets.shrinking.channel_rules import step
from rewire.tickets.shrinking.rearrange import Rearrange
from rewire.tickets.shrinking.steps import Step


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, Rearrange) or super().is_leaf_module(m, module_qualified_name)


@dataclass(frozen=True, eq=False)
class Trace:
    """A copy of the model in evaluation mode, its graph, and a step per value, in order of execution."""

    model: nn.Module
    graph: fx.Graph
    steps: Mapping[str, Step]


def trace(model: nn.Module, example: Any) -> Trace:
    """Follow the channels of `model` for an input like `example`: a batch, or a tuple of arguments.

    Raises ValueError where torch.fx cannot follow the forward pass (control flow that depends on data), and where the
    model does not run on `example`. The model itself is not changed.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module; got {type(model).__name__}")
    for name, parameter in model.named_parameters():
        if is_lazy(parameter):
            raise ValueError(
                f"model must have its shapes; {name!r} is lazily initialised: run one batch through it first"
            )
        if parameter.is_meta:
            raise ValueError(f"model must hold numbers; {name!r} is on the meta device: call model.to_empty first")
    arguments = example if isinstance(example, tuple) else (example,)
    plain = _copy(model).eval()
    try:
        graph = _Tracer().trace(plain)
    except Exception as error:  # whatever the forward pass of a user's module raises when it sees proxies
        raise _refusal("model must be one that torch.fx can trace", error) from None
    try:
        with torch.no_grad(), redirect_stderr(StringIO()):  # ShapeProp prints tracebacks
            ShapeProp(fx.GraphModule(plain, graph)).propagate(*arguments)
    except Exception as error:
        raise _refusal("example must be an input of the model", error.__cause__ or error) from None
    found: dict[str, Step] = {}
    for node in graph.nodes:
        if (made := step(node, plain, found)) is not None:
            found[node.name] = made
    return Trace(plain, graph, found)


def _copy(model: nn.Module) -> nn.Module:
    try:
        return copy.deepcopy(unwrapped(model))
    except RuntimeError as error:
        raise _refusal("model must be plain, so that it can be copied", error) from None


def _refusal(rule: str, error: BaseException) -> ValueError:
    reason = " ".join(str(error).split())
    return ValueError(f"{rule}; got {type(error).__name__}: {reason[:200]}")
