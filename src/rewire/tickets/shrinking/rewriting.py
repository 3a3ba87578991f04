"""The two places where a forward pass itself must change: channels padded with zeros, and a width written out."""

import torch
from torch import Tensor, fx, nn
from torch.nn import functional as F

from rewire.tickets.shrinking.channels import Trace
from rewire.tickets.shrinking.liveness import Channels
from rewire.tickets.shrinking.rearrange import Rearrange


def rewritten(model: nn.Module, traced: Trace, stays: Channels) -> nn.Module:
    """The model, or where its code does not fit the channels that are left, a GraphModule of it.

    Raises ValueError where that would freeze the choice between training and evaluation.
    """
    changes = [name for name, step in traced.steps.items() if step.rewrite and not _whole(name, traced, stays)]
    if not changes:
        return model
    graph, nodes = fx.Graph(), {}
    graph.output(graph.graph_copy(traced.graph, nodes))
    for old, new in nodes.items():
        if new.op == "call_function" and "training" in new.kwargs:
            raise ValueError(f"model must use nn.Dropout, whose mode can change; got the function {old.name!r}")
        if old.name in changes and traced.steps[old.name].rewrite == "flatten":
            _flatten(new)
        elif old.name in changes:
            key = f"{old.name}_channels"
            positions = _positions(old.name, traced, stays).to(next(model.parameters()).device)
            model.add_module(key, Rearrange(positions))
            _rearrange(graph, new, key)
    graph.lint()
    return fx.GraphModule(model, graph, type(model).__name__)


def _whole(name: str, traced: Trace, stays: Channels) -> bool:
    return bool(stays[name].all() and stays[traced.steps[name].links[0].source].all())


def _positions(name: str, traced: Trace, stays: Channels) -> Tensor:
    """For each channel left after the padding, which of those left before it is there; -1 for zeros."""
    link = traced.steps[name].links[0]
    mine = stays[link.source]
    there, place = mine[link.take], mine.cumsum(0) - 1
    positions = torch.full((len(stays[name]),), -1)
    positions[link.put[there]] = place[link.take[there]]
    return positions[stays[name]]


def _flatten(node: fx.Node) -> None:
    node.op, node.target, node.args, node.kwargs = "call_function", torch.flatten, (node.all_input_nodes[0], 1), {}


def _rearrange(graph: fx.Graph, node: fx.Node, key: str) -> None:
    """Pad the picture alone, then put the channels that are left where they belong."""
    if node.op == "call_module":  # of a network that was shrunk before
        node.target = key
        return
    pads = node.kwargs["pad"] if "pad" in node.kwargs else node.args[1]
    assert isinstance(pads, list | tuple)
    picture = tuple(pads)[: 2 * (len(node.meta["tensor_meta"].shape) - 2)]
    node.target, node.args, node.kwargs = F.pad, (node.all_input_nodes[0], picture), {}
    with graph.inserting_after(node):
        placed = graph.call_module(key, (node,))
    node.replace_all_uses_with(placed, delete_user_cb=lambda user: user is not placed)
