"""Second-order MAML (Finn, Abbeel & Levine 2017) on its sinusoid regression, to hold the light switch's cost against.

Every task of a step has its own copy of the parameters, stacked on a leading axis, so that one matrix product serves
them all; the inner gradient is itself differentiated, back to the one copy that is learnt.
"""

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Points = tuple[Tensor, Tensor]  # x and y, each [tasks, shots, 1]


def sinusoids(tasks: int, shots: int, queries: int, generator: torch.Generator) -> tuple[Points, Points]:
    """Support and query points of `tasks` new tasks y = A sin(x + φ): A ~ U[.1, 5], φ ~ U[0, π], x ~ U[−5, 5].

    >>> (x, y), (queries, _) = sinusoids(25, 10, 5, torch.Generator().manual_seed(0))
    >>> x.shape, y.shape, queries.shape
    (torch.Size([25, 10, 1]), torch.Size([25, 10, 1]), torch.Size([25, 5, 1]))
    """

    def uniform(low: float, high: float, count: int) -> Tensor:
        return low + (high - low) * torch.rand(tasks, count, 1, generator=generator)

    amplitude, phase = uniform(0.1, 5.0, 1), uniform(0.0, math.pi, 1)
    x = uniform(-5.0, 5.0, shots + queries)
    y = amplitude * torch.sin(x + phase)
    return (x[:, :shots], y[:, :shots]), (x[:, shots:], y[:, shots:])


def predict(parameters: Sequence[Tensor], x: Tensor) -> Tensor:
    """A ReLU network per task: `parameters` [weight, bias, …], each [tasks, ...]; x [tasks, n, inputs]."""
    layers = list(zip(parameters[::2], parameters[1::2]))
    for weight, bias in layers[:-1]:
        x = torch.baddbmm(bias[:, None], x, weight.mT).relu()
    weight, bias = layers[-1]
    return torch.baddbmm(bias[:, None], x, weight.mT)


def copies(parameters: Iterable[Tensor], tasks: int) -> list[Tensor]:
    """A copy of every parameter for each task: [tasks, ...]; gradients flow back to the originals."""
    return [p.expand(tasks, *p.shape) for p in parameters]


def adapt(parameters: Sequence[Tensor], support: Points, lr: float, second_order: bool = True) -> list[Tensor]:
    """One step of gradient descent for each task on its own points; `parameters` as for `predict`."""
    x, y = support
    with torch.enable_grad():
        # Tasks share nothing here, so the gradient of the sum of their errors holds each one's own.
        total = F.mse_loss(predict(parameters, x), y, reduction="sum") / y[0].numel()
        slopes = torch.autograd.grad(total, parameters, create_graph=second_order)
    return [p - lr * slope for p, slope in zip(parameters, slopes)]


def meta_error(parameters: Iterable[Tensor], support: Points, query: Points, lr: float) -> Tensor:
    """Mean over tasks of the query error after one inner step on the support points, differentiable to second order.

    >>> weight, bias = nn.Parameter(torch.ones(1, 1)), nn.Parameter(torch.zeros(1))
    >>> point = torch.ones(1, 1, 1), torch.zeros(1, 1, 1)
    >>> meta_error([weight, bias], point, point, lr=0.1).item()    # (1 − 4·lr)²
    0.36...
    """
    x, y = query
    return F.mse_loss(predict(adapt(copies(parameters, len(y)), support, lr), x), y)


def meta_step(
    parameters: Sequence[nn.Parameter], optimizer: torch.optim.Optimizer, support: Points, query: Points, lr: float
) -> None:
    """One outer update, in place; `lr` is the inner one."""
    optimizer.zero_grad()
    meta_error(parameters, support, query, lr).backward()
    optimizer.step()


def few_shot_errors(
    parameters: Iterable[nn.Parameter], support: Points, query: Points, lr: float, steps: Iterable[int]
) -> dict[int, Tensor]:
    """{inner steps: query error [tasks] after that many} on tasks never trained on."""
    wanted, found = set(steps), {}
    fitted = [p.detach().requires_grad_() for p in copies(parameters, len(query[0]))]
    for count in range(max(wanted) + 1):
        if count in wanted:
            found[count] = (predict(fitted, query[0]) - query[1]).detach().square().mean((1, 2))
        fitted = [p.detach().requires_grad_() for p in adapt(fitted, support, lr, second_order=False)]
    return found
