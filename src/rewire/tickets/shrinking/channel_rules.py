"""What each operation does to channels. What is not named here is opaque: no channel is removed in front of it."""

import math
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

import torch
from torch import fx, nn

from rewire.tickets.shrinking.rearrange import Rearrange
from rewire.tickets.shrinking.steps import Link, Step

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
# Channel by channel, and zero where the input is zero. Lower case, without underscores: as function, method and module.
ZERO_KEEPING = frozenset(
    (
        *(
            "identity",
            "squeeze",
            "unsqueeze",
            "contiguous",
            "clone",
            "detach",
            "to",
            "float",
            "double",
            "half",
            "bfloat16",
        ),
        *("relu", "relu6", "leakyrelu", "elu", "celu", "selu", "gelu", "silu", "mish", "tanh", "hardswish", "softsign"),
        *("hardtanh", "abs", "neg", "square", "interpolate", "upsample", "dropout", "featuredropout"),
        *(f"{name}{n}d" for name in ("dropout", "maxpool", "avgpool", "zeropad") for n in (1, 2, 3)),
        *(f"adaptive{kind}pool{n}d" for kind in ("avg", "max") for n in (1, 2, 3)),
    )
)
RESHAPES = frozenset(("flatten", "view", "reshape"))
REDUCTIONS = frozenset(("mean", "sum", "amax"))
ADDITIONS = frozenset(("add", "iadd"))
SCALINGS = frozenset(("mul", "imul", "truediv", "itruediv", "div"))
CONCATENATIONS = frozenset(("cat", "concat", "concatenate"))
SIZES = frozenset(("size", "dim", "getattr"))


def step(node: fx.Node, model: nn.Module, known: Mapping[str, Step]) -> Step | None:
    """What this node does to channels, or None for one that handles none."""
    reads = [each for each in node.all_input_nodes if each.name in known]
    shape = _shape(node)
    if node.op in ("placeholder", "get_attr"):
        return Step("source", shape[1], what=node.name) if shape else None
    name, module = _name(node, model), _module(node, model)
    if node.op == "output":
        return Step("sink", 0, tuple(_whole(each, known) for each in reads), what="the output")
    if name in SIZES or not reads:
        return Step("source", shape[1], what=name) if shape else None
    what = f"{node.target!r} ({type(module).__name__})" if module is not None else f"{name!r}"
    made = None
    if shape:
        made = _of_module(module, reads, known) if module is not None else None
        made = made or _of_name(name, node, reads, known)
    kind, links, extra = made or ("opaque", tuple(_whole(each, known) for each in reads), {})
    return Step(
        kind, shape[1] if shape else 0, links, str(node.target) if module is not None else "", what=what, **extra
    )


Made = tuple[str, tuple[Link, ...], dict[str, Any]]


def _of_module(module: nn.Module, reads: Sequence[fx.Node], known: Mapping[str, Step]) -> Made | None:
    links = tuple(_whole(each, known) for each in reads)
    weight = module._parameters.get("weight")
    if weight is not None:  # nor computed by a parametrization, a hook or torch's pruning
        if type(module) in CONVOLUTIONS and len(_shape(reads[0])) == weight.dim():  # a batch
            if module.groups == 1:
                return "layer", links, {}
            return ("depthwise", links, {}) if module.groups == module.in_channels == module.out_channels else None
        if type(module) is nn.Linear and len(_shape(reads[0])) == 2:
            return "layer", links, {}
        if type(module) in NORMS:
            return "norm", links, {}
        if type(module) is nn.PReLU and module.num_parameters == 1:
            return "move", links, {}
    if isinstance(module, Rearrange):
        put = (module.positions >= 0).nonzero().flatten().cpu()
        return "move", (Link(links[0].source, module.positions.cpu()[put], put),), {"free": True, "rewrite": "pad"}
    return None


def _of_name(name: str, node: fx.Node, reads: Sequence[fx.Node], known: Mapping[str, Step]) -> Made | None:
    before, after = _shape(reads[0]), _shape(node)
    if not before:
        return None
    if name in RESHAPES:
        return _flatten(node, reads[0], before, after)
    if name in CONCATENATIONS:
        return _cat(node, before)
    if name == "pad":
        return _pad(node, reads[0], before)
    moves = before[:2] == after[:2] and _keeps_channels(name, node, reads)
    return ("move", tuple(_whole(each, known) for each in reads), {}) if moves else None


def _keeps_channels(name: str, node: fx.Node, reads: Sequence[fx.Node]) -> bool:
    """Whether an operation that may leave channels where they are does so, with these arguments."""
    args: tuple[Any, ...] = node.args
    if name in ZERO_KEEPING:
        return len(reads) == 1
    if name in REDUCTIONS:
        return _spares_channels(args[1] if len(args) > 1 else node.kwargs.get("dim"), len(_shape(reads[0])))
    if name in SCALINGS:
        return len(reads) == 1 and reads[0] is args[0] and _finite(args[1])
    if name in ADDITIONS:
        return len(args) == 2 and all(each in reads for each in args) and len({_shape(each)[:2] for each in reads}) == 1
    if name == "getitem" and isinstance(args[1], tuple):
        return all(isinstance(each, slice) for each in args[1]) and args[1][:2] == (slice(None), slice(None))
    return False


def _flatten(node: fx.Node, read: fx.Node, before: Sequence[int], after: Sequence[int]) -> Made | None:
    """[N, C, ...] → [N, C·k]: each channel becomes k neighbours."""
    if len(after) != 2 or before[0] != after[0] or after[1] != math.prod(before[1:]):
        return None
    link = Link(read.name, torch.arange(before[1]).repeat_interleave(math.prod(before[2:])), torch.arange(after[1]))
    return "move", (link,), {} if _free_width(node) else {"rewrite": "flatten"}


def _free_width(node: fx.Node) -> bool:
    """Whether the number of features is left to be found out, rather than written into the code."""
    sizes: tuple[Any, ...] = node.args[1:]
    sizes = tuple(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], list | tuple) else sizes
    return node.op == "call_module" or _target_name(node) == "flatten" or (len(sizes) == 2 and sizes[1] == -1)


def _cat(node: fx.Node, before: Sequence[int]) -> Made | None:
    args: tuple[Any, ...] = node.args
    parts: Any = args[0] if args else node.kwargs.get("tensors")
    dim: Any = args[1] if len(args) > 1 else node.kwargs.get("dim", node.kwargs.get("axis", 0))
    if not isinstance(parts, list | tuple) or dim not in (1, 1 - len(before)):
        return None
    widths = [_shape(each)[1] for each in parts]
    starts = accumulate(widths[:-1], initial=0)
    places = [(part.name, torch.arange(width), start) for part, width, start in zip(parts, widths, starts)]
    return "move", tuple(Link(name, every, start + every) for name, every, start in places), {}


def _pad(node: fx.Node, read: fx.Node, before: Sequence[int]) -> Made | None:
    """Zeros around the picture, or around the channels, as ResNet's option A has them."""
    given: dict[str, Any] = dict(zip(("input", "pad", "mode", "value"), node.args)) | dict(node.kwargs)
    pads = given.get("pad")
    zeros = given.get("mode", "constant") == "constant" and not given.get("value")
    if not zeros or not isinstance(pads, list | tuple) or not all(isinstance(each, int) for each in pads):
        return None
    first, second, *others = [*pads[2 * (len(before) - 2) :], 0, 0]
    if first < 0 or second < 0 or any(others):
        return None
    every = torch.arange(before[1])
    link = Link(read.name, every, first + every)
    return "move", (link,), {"free": True, "rewrite": "pad"} if first or second else {}


def _spares_channels(dims: Any, rank: int) -> bool:
    dims = [dims] if isinstance(dims, int) else dims
    return isinstance(dims, list | tuple) and all(isinstance(each, int) and each % rank >= 2 for each in dims)


def _finite(factor: Any) -> bool:
    return isinstance(factor, int | float) and factor != 0 and math.isfinite(factor)


def _whole(node: fx.Node, known: Mapping[str, Step]) -> Link:
    every = torch.arange(known[node.name].width)
    return Link(node.name, every, every)


def _shape(node: fx.Node) -> tuple[int, ...]:
    """The shape of a node's tensor; () for what has no channels."""
    shape = getattr(node.meta.get("tensor_meta"), "shape", ())
    return tuple(shape) if len(shape) > 1 else ()


def _module(node: fx.Node, model: nn.Module) -> nn.Module | None:
    return model.get_submodule(str(node.target)) if node.op == "call_module" else None


def _name(node: fx.Node, model: nn.Module) -> str:
    module = _module(node, model)
    name = _target_name(node) if module is None else type(module).__name__
    return name.lower().replace("_", "")


def _target_name(node: fx.Node) -> str:
    return node.target if isinstance(node.target, str) else getattr(node.target, "__name__", str(node.target))
