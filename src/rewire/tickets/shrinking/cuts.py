"""Cutting tensors: which rows and columns stay of each parameter, of buffers, and of an optimizer's state."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from rewire.tickets.shrinking.channels import Trace
from rewire.tickets.shrinking.liveness import Channels

Cut = tuple[Tensor, ...]  # the positions that stay, for each of the first dimensions
Cuts = Mapping[str, Mapping[str, Cut]]  # per module and tensor


def cuts(traced: Trace, stays: Channels) -> dict[str, dict[str, Cut]]:
    """What stays of the tensors of every layer that loses something."""
    found: dict[str, dict[str, Cut]] = {}
    for name, step in traced.steps.items():
        if step.kind not in ("layer", "norm", "depthwise"):
            continue
        rows, columns = stays[name], stays[step.links[0].source]
        if bool(rows.all() & columns.all()):
            continue
        both = (rows.nonzero().flatten(), columns.nonzero().flatten())
        module = traced.model.get_submodule(step.module)
        tensors = {**module._parameters, **module._buffers}
        found[step.module] = {
            key: both if key == "weight" and step.kind == "layer" else both[:1]
            for key, tensor in tensors.items()
            if tensor is not None and tensor.dim()
        }
    return found


def by_parameter(planned: Cuts) -> dict[str, Cut]:
    """The plan by names of tensors in the model."""
    return {f"{module}.{key}".lstrip("."): part for module, parts in planned.items() for key, part in parts.items()}


def cut(tensor: Tensor, positions: Cut) -> Tensor:
    """The rows, columns … of `tensor` at these positions, as a new tensor.

    >>> cut(torch.arange(6).view(2, 3), (torch.tensor([1]), torch.tensor([0, 2])))
    tensor([[3, 5]])
    """
    for dim, places in enumerate(positions):
        tensor = tensor.index_select(dim, places.to(tensor.device))
    return tensor


def cut_module(module: nn.Module, parts: Mapping[str, Cut]) -> None:
    """Shorten a layer in place, its numbers of channels included; its parameters are new ones."""
    for key, positions in parts.items():
        old = getattr(module, key)
        new = cut(old.detach(), positions)
        setattr(module, key, nn.Parameter(new, old.requires_grad) if isinstance(old, nn.Parameter) else new)
    rows, columns = (len(parts["weight"][i]) for i in (0, -1))
    if isinstance(module, nn.Linear):
        module.out_features, module.in_features = rows, columns
    elif isinstance(module, nn.modules.batchnorm._BatchNorm):
        module.num_features = rows
    else:
        module.out_channels, module.in_channels = rows, columns  # type: ignore[assignment]
        module.groups = rows if module.groups != 1 else 1  # type: ignore[assignment]


def move_optimizer(optimizer: torch.optim.Optimizer, old: nn.Module, new: nn.Module, planned: Cuts) -> None:
    """Make an optimizer of `old` one of `new`: its groups hold the new parameters, its state is cut as they are.

    Raises ValueError for an optimizer whose state is not kept per parameter in its parameter's layout, such as LBFGS.
    """
    positions = by_parameter(planned)
    theirs = dict(new.named_parameters(remove_duplicate=False))
    names = {id(parameter): name for name, parameter in old.named_parameters(remove_duplicate=False) if name in theirs}
    state = {
        id(p): _cut_state(entries, p, positions.get(names.get(id(p), ""), ())) for p, entries in optimizer.state.items()
    }
    gone = {id(parameter) for parameter in old.parameters()} - set(names)  # never used in the forward pass
    kept_state = {id(p): p for p in optimizer.state}
    optimizer.state.clear()
    for group in optimizer.param_groups:
        mine = [p for p in group["params"] if id(p) not in gone]
        group["params"] = [theirs[names[id(p)]] if id(p) in names else p for p in mine]
        for before, after in zip(mine, group["params"]):
            if id(before) in kept_state:
                optimizer.state[after] = state[id(before)]


def _cut_state(entries: Mapping[str, object], parameter: Tensor, positions: Cut) -> dict[str, object]:
    return {key: _cut_entry(key, entry, parameter, positions) for key, entry in entries.items()}


def _cut_entry(key: str, entry: object, parameter: Tensor, positions: Cut) -> object:
    """Momentum and the like have the parameter's shape; factored moments (Adafactor) lack some of its dimensions."""
    if not positions or not isinstance(entry, Tensor) or entry.numel() == 1:
        return entry
    if entry.dim() != parameter.dim() or any(n not in (1, m) for n, m in zip(entry.shape, parameter.shape)):
        raise ValueError(f"optimizer must keep its state in its parameters' shapes; got {key!r} of {list(entry.shape)}")
    for dim, places in enumerate(positions):
        if entry.shape[dim] == parameter.shape[dim]:
            entry = entry.index_select(dim, places.to(entry.device))
    return entry
