"""Which channels carry anything, which are looked at, and which can therefore be removed."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from rewire.masks import EmptyLayer
from rewire.tickets.shrinking.steps import Link, Step

Steps = Mapping[str, Step]
Channels = dict[str, Tensor]  # per value, a boolean for each channel
Switches = Mapping[str, tuple[Tensor, Tensor]]  # per module: which weights [out, in] and which biases [out] are on


def switches(model: nn.Module, steps: Steps, mask: Mapping[str, Tensor] | None) -> Switches:
    """Which weights and biases of the traced layers are on: by the mask, or without one, wherever they are not 0.

    Weights are reduced to one boolean per output and input channel; parameters that the mask does not name are on.
    """
    found = {}
    for step in steps.values():
        if step.kind in ("layer", "norm", "depthwise"):
            module = model.get_submodule(step.module)
            weight, bias = (_on(module, step.module, part, mask) for part in ("weight", "bias"))
            assert weight is not None
            weight = weight.flatten(2).any(2) if weight.dim() > 2 else weight
            weight = weight if step.kind == "layer" else weight.reshape(-1)
            found[step.module] = weight, torch.zeros(len(weight), dtype=torch.bool) if bias is None else bias
    return found


def _on(module: nn.Module, name: str, part: str, mask: Mapping[str, Tensor] | None) -> Tensor | None:
    tensor = module._parameters.get(part)
    if tensor is None:
        return None
    if mask is None:
        return (tensor.detach() != 0).cpu()
    key = f"{name}.{part}"
    return mask[key].cpu() if key in mask else torch.ones(tensor.shape, dtype=torch.bool)


def alive(steps: Steps, on: Switches, norms_pass: bool = False) -> Channels:
    """Per value, the channels that can be other than zero.

    A BatchNorm makes something of nothing (its shift), unless both its entries are off. With `norms_pass` it does not:
    then the answer is which channels a layer's filters still reach.
    """
    found: Channels = {}
    for name, step in steps.items():
        found[name] = out = torch.full((step.width,), step.kind in ("source", "opaque"))
        if step.kind == "layer":
            weight, bias = on[step.module]
            out |= (weight & found[step.links[0].source]).any(1) | bias
        elif step.kind == "norm" and not norms_pass:
            weight, bias = on[step.module]
            out |= weight | bias
        elif step.kind == "depthwise" and not norms_pass:
            weight, bias = on[step.module]
            out |= (weight & found[step.links[0].source]) | bias
        elif step.kind in ("move", "norm", "depthwise"):
            for link in step.links:
                out[link.put[found[link.source][link.take]]] = True
    return found


def needed(steps: Steps, on: Switches) -> Channels:
    """Per value, the channels that something looks at on the way to the output."""
    found = {name: torch.zeros(step.width, dtype=torch.bool) for name, step in steps.items()}
    for name, step in reversed(list(steps.items())):
        if step.kind == "layer":
            found[step.links[0].source] |= on[step.module][0][found[name]].any(0)
        elif step.kind in ("norm", "depthwise"):
            found[step.links[0].source] |= on[step.module][0] & found[name]
        elif step.kind == "move":
            for link in step.links:
                found[link.source][link.take[found[name][link.put]]] = True
        elif step.kind in ("sink", "opaque"):
            for link in step.links:
                found[link.source][:] = True
    return found


def kept(steps: Steps, on: Switches) -> Channels:
    """Per value, the channels that must stay: those alive and needed, and all that are added to one of them.

    Raises EmptyLayer where a layer would lose every filter, ValueError where a channel cannot be removed because of an
    operation that is not understood.
    """
    living, used = alive(steps, on), needed(steps, on)
    found = {name: living[name] & used[name] for name in steps}
    for name, step in steps.items():  # inputs and outputs have the width that the outside world gives them
        for end in [name] if step.kind == "source" else [link.source for link in step.links if step.kind == "sink"]:
            found[end][:] = True
    ties = list(_ties(steps))
    while sum(_join(found, *tie) for tie in ties):  # every tie in every round, until nothing changes
        pass
    _refuse(steps, found)
    return found


def _ties(steps: Steps) -> Iterator[tuple[str, Link]]:
    """Channels that stay or go together: on both sides of a step, and where a module is used more than once."""
    first: dict[str, str] = {}
    for name, step in steps.items():
        if step.kind in ("move", "norm", "depthwise") and not step.free:
            yield from ((name, link) for link in step.links)
        if step.kind in ("layer", "norm", "depthwise"):
            other = first.setdefault(step.module, name)
            if other != name:
                every = torch.arange(step.width)
                yield name, Link(other, every, every)
                inputs = step.links[0]
                yield inputs.source, Link(steps[other].links[0].source, inputs.take, inputs.take)


def _join(found: Channels, name: str, link: Link) -> bool:
    """Keep both ends of a link where either is kept; whether that changed anything."""
    here, there = found[name], found[link.source]
    both = here[link.put] | there[link.take]
    before = here.sum() + there.sum()
    here[link.put[both]] = True
    there[link.take[both]] = True
    return bool(here.sum() + there.sum() > before)


def _refuse(steps: Steps, found: Channels) -> None:
    for name, step in steps.items():
        if step.kind == "layer" and not found[name].any():
            raise EmptyLayer(step.module, step.width)
    for step in steps.values():
        for link in step.links if step.kind == "opaque" else ():
            if not found[link.source].all():
                raise ValueError(
                    f"channels can be removed only where each is followed to the next layer; {step.what} takes "
                    f"{steps[link.source].what}, of which some are off: leave those filters on"
                )
