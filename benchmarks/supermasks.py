"""What supermasks cost: the masking of edge-popup against sort and k-th value, a Bernoulli training step."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import rewire
from rewire.bench import interleave
from rewire.gates.product import Memory
from rewire.models import MLP, Conv4

WIDTHS = (784, 300, 100, 10)


class Sorted(torch.autograd.Function):
    """Edge-popup's mask by a full sort, as in the authors' description."""

    @staticmethod
    def forward(ctx: Any, *args: Any) -> Tensor:
        magnitude, density = args
        mask = torch.ones_like(magnitude)
        flat = mask.view(-1)
        flat[magnitude.flatten().sort().indices[: int((1 - density) * magnitude.numel())]] = 0
        return mask

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        return grads[0], None


class KthValue(Sorted):
    """The same by the k-th value."""

    @staticmethod
    def forward(ctx: Any, *args: Any) -> Tensor:
        magnitude, density = args
        return (magnitude > magnitude.flatten().kthvalue(int((1 - density) * magnitude.numel())).values).float()


def masking(make: Callable[[], nn.Module], rival: type[Sorted] | None, density: float = 0.5) -> Callable[[], None]:
    """scores → weights and back for every layer, then a small step of the scores; rival=None is `TopK`."""
    torch.manual_seed(0)
    switch = rewire.TopK(density)
    values = [parameter.detach() for parameter in make().parameters() if parameter.ndim > 1]
    scores = [switch.initial(value).requires_grad_() for value in values]
    grads = [torch.randn_like(value) for value in values]
    memories = [Memory() for _ in values]

    def step() -> None:
        for value, score, grad, memory in zip(values, scores, grads, memories):
            if rival is None:
                weight = switch.product(value, score, memory)
            else:
                weight = value * rival.apply(score.abs(), density)
            (found,) = torch.autograd.grad(weight, score, grad)
            with torch.no_grad():
                score.add_(found, alpha=-1e-5)

    return step


def training_step(make: Callable[[], nn.Module], x: Tensor, switch: Any = None) -> Callable[[], None]:
    """One step of SGD with momentum; without a switch the plain network's, else the scores' over frozen values."""
    torch.manual_seed(0)
    model, y = make(), torch.randint(10, (len(x),))
    if switch is not None:
        rewire.gate(model, ["task"], switch, biases=False)
        rewire.gates.freeze_values(rewire.gates.signed_constant_(model))
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.SGD(trained, lr=1e-3, momentum=0.9)

    def step() -> None:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return step


def fc_step(switch: Any = None) -> Callable[[], None]:
    return training_step(lambda: MLP(*WIDTHS), torch.rand(250, 784), switch)


def topk_fc() -> dict[str, Any]:
    return interleave(masking(lambda: MLP(*WIDTHS), None), masking(lambda: MLP(*WIDTHS), Sorted), rounds=40) | {
        "target": 0.25
    }


def topk_fc_kth() -> dict[str, Any]:
    return interleave(masking(lambda: MLP(*WIDTHS), None), masking(lambda: MLP(*WIDTHS), KthValue), rounds=60) | {
        "target": 1.0
    }


def topk_conv4() -> dict[str, Any]:
    return interleave(masking(Conv4, None), masking(Conv4, Sorted), rounds=10, repeats=1) | {"target": 0.25}


def topk_conv4_kth() -> dict[str, Any]:
    return interleave(masking(Conv4, None), masking(Conv4, KthValue), rounds=20, repeats=1) | {"target": 1.0}


def bernoulli() -> dict[str, Any]:
    """Zhou's training step at batch 250 on 784-300-100-10 against the plain network's."""
    return interleave(fc_step(rewire.Bernoulli()), fc_step(), rounds=100) | {"target": 1.35}


def bernoulli_rescaled() -> dict[str, Any]:
    return interleave(fc_step(rewire.Bernoulli(rescale=True)), fc_step(), rounds=100) | {"target": 1.35}


def topk_step() -> dict[str, Any]:
    return interleave(fc_step(rewire.TopK()), fc_step(), rounds=100)


BENCHMARKS = {
    "supermasks/topk-fc": topk_fc,
    "supermasks/topk-fc-kth": topk_fc_kth,
    "supermasks/topk-conv4": topk_conv4,
    "supermasks/topk-conv4-kth": topk_conv4_kth,
    "supermasks/topk-step": topk_step,
    "supermasks/bernoulli": bernoulli,
    "supermasks/bernoulli-rescaled": bernoulli_rescaled,
}
