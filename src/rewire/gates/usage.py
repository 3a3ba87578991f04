"""What the masks say: how much of each layer a task uses, how tasks overlap, which inputs they look at."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from rewire.errors import choice
from rewire.gates.active import restored, switch, tasks_of
from rewire.gates.inference import logits_of
from rewire.gates.parts import gates, masks, original, slots


def usage(model: nn.Module, undecided: tuple[float, float] = (0.05, 0.95)) -> list[dict[str, object]]:
    """Per task and tensor, the fractions of masks that are on, off and undecided (strictly between the bounds).

    Returns rows {"task", "tensor", "size", "on", "off", "undecided", "mean"}. Raises ValueError for a model without
    masks or bounds other than 0 ≤ low < high ≤ 1.

    >>> [row["undecided"] for row in rewire.gates.usage(rewire.gate(nn.Linear(2, 1), ["day"]))]
    [1.0, 1.0]
    """
    low, high = undecided
    if not 0 <= low < high <= 1:
        raise ValueError(f"undecided must be two bounds with 0 ≤ low < high ≤ 1; got {undecided}")
    return [
        {"task": task, "tensor": name, "size": mask.numel()} | _fractions(mask, low, high)
        for task in tasks_of(model)
        for name, mask in masks(model, task).items()
    ]


def _fractions(mask: Tensor, low: float, high: float) -> dict[str, object]:
    parts = {"on": mask >= high, "off": mask <= low, "undecided": (mask > low) & (mask < high), "mean": mask}
    return {name: part.double().sum().item() / max(mask.numel(), 1) for name, part in parts.items()}


def overlap(model: nn.Module) -> dict[str, Tensor]:
    """How much of their wiring tasks share, per tensor: [T, T] matrices of Σ min(m_i, m_j) / Σ max(m_i, m_j).

    For 0/1 masks that is the Jaccard index, |both on| / |either on|; two empty masks count as equal. The tasks'
    order is that of `rewire.tasks_of`.

    >>> rewire.gates.overlap(rewire.gate(nn.Linear(2, 1), ["day", "night"]))["weight"]
    tensor([[1., 1.],
            [1., 1.]])
    """
    by_task = [masks(model, task) for task in tasks_of(model)]
    return {name: _similarity([each[name].double().flatten() for each in by_task]) for name in by_task[0]}


def _similarity(flat: list[Tensor]) -> Tensor:
    matrix = torch.ones(len(flat), len(flat))
    for i, a in enumerate(flat):
        for j, b in enumerate(flat[:i]):
            largest = torch.maximum(a, b).sum()
            matrix[i, j] = matrix[j, i] = torch.minimum(a, b).sum() / largest if largest > 0 else 1.0
    return matrix


@torch.no_grad()
def input_usage(model: nn.Module, tensor: str, task: str) -> Tensor:
    """How strongly each input channel of a gated weight feeds a task: Σ |values ⊙ mask| over all its other axes.

    Args:
        tensor: the weight's name, such as "conv1.weight".

    Returns one number per input channel or feature (per row of an embedding), scaled to sum to 1; all 0 if the task
    uses none. Raises ValueError for an unknown task or tensor.

    >>> rewire.gates.input_usage(rewire.gate(nn.Conv2d(3, 8, 5), ["day"]), "weight", "day").shape
    torch.Size([3])
    """
    found = masks(model, task)
    if tensor not in found or found[tensor].ndim < 2:
        raise choice("tensor", [name for name, mask in found.items() if mask.ndim > 1], tensor)
    module, part = next((module, part) for name, module, part, _ in slots(model) if name == tensor)
    strength = _inputs_first(module, (original(module, part) * found[tensor]).double().abs()).sum(1)
    return strength / strength.sum().clamp_min(torch.finfo(strength.dtype).tiny)


def _inputs_first(module: nn.Module, weight: Tensor) -> Tensor:
    """A weight as [inputs, rest]. Most are [out, in, ...], those of grouped convolutions [out, in / groups, ...]."""
    if isinstance(module, nn.Embedding | nn.EmbeddingBag) or getattr(module, "transposed", False):
        return weight.flatten(1)
    groups = getattr(module, "groups", 1)
    return weight.unflatten(0, (groups, -1)).transpose(1, 2).flatten(0, 1).flatten(1)


@torch.inference_mode(mode=False)  # serving code may be in it, and it knows no gradients
def pixel_usage(model: nn.Module, x: Tensor, task: str) -> Tensor:
    """How much each input pixel moves a task's winning logit: mean over the batch of |∂ max logit / ∂x|.

    Computed in evaluation mode; x is [batch, ...] and the result has the shape of one input. Raises ValueError for an
    unknown task, a model without gates or an empty batch; TypeError for x that is not floating point, such as indices,
    and for outputs that are no tensor.

    >>> model = rewire.gate(nn.Sequential(nn.Flatten(), nn.Linear(4, 3)), ["day"])
    >>> rewire.gates.pixel_usage(model, torch.zeros(5, 1, 2, 2), "day").shape
    torch.Size([1, 2, 2])
    """
    gates(model)
    if not x.is_floating_point():
        raise TypeError(f"x must be floating point, to have gradients; got {x.dtype}")
    inputs = x.detach().clone().requires_grad_()
    with restored(model), torch.enable_grad():
        best = logits_of(switch(model.eval(), task), inputs).amax(-1).sum()
        (gradient,) = torch.autograd.grad(best, inputs)
    return gradient.abs().mean(0)


def density(found: Mapping[str, Tensor]) -> float:
    """The fraction of weights that masks keep (their mean), over all tensors together.

    >>> rewire.gates.density({"weight": torch.tensor([1.0, 1.0, 0.0]), "bias": torch.tensor([0.0])})
    0.5
    """
    kept, size = sum(mask.double().sum().item() for mask in found.values()), sum(m.numel() for m in found.values())
    return kept / max(size, 1)
