"""Synthetic regression (Blum & Law 2020, 3.1–3.3): tasks that switch parts of one linear map on and off."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from rewire.tasks.task import Examples, Task, mse


@dataclass(frozen=True, eq=False)
class Truth:
    """What generated the data, float64: y = x (A ⊙ mask)ᵀ + b ⊙ mask_b.

    weight: A [d_out, d_in]; bias: b [d_out]; weight_masks: [T, d_out, d_in] and bias_masks: [T, d_out], all 0 or 1.
    """

    weight: Tensor
    bias: Tensor
    weight_masks: Tensor
    bias_masks: Tensor

    def target(self, task: int, x: Tensor) -> Tensor:
        """The noise-free linear target [N, d_out] of task number `task` at float64 x [N, d_in]."""
        return F.linear(x, self.weight * self.weight_masks[task], self.bias * self.bias_masks[task])


def linear_tasks(
    tasks: int,
    d_in: int,
    d_out: int,
    n_train: int,
    n_test: int,
    noise: float = 0.0,
    p_on: float = 0.75,
    *,
    generator: torch.Generator,
    dtype: torch.dtype = torch.float32,
) -> tuple[list[Task], Truth]:
    """Linear tasks "linear-0", … that share A and b, each with its own masks (LS 3.1; with noise, 3.2).

    y = x (A ⊙ mask)ᵀ + b ⊙ mask_b + noise·ε, with A, b ~ U(0, 1), masks ~ Bernoulli(p_on), x, ε ~ N(0, 1). Each task
    owns n_train training and n_test test points, both noisy; loss and metric are the mean squared error. Everything
    is drawn in float64 and cast, ε even when noise is 0: neither dtype nor noise changes the other draws.
    Raises ValueError when a count is below 1, noise below 0 or p_on outside [0, 1].

    >>> generator = torch.Generator().manual_seed(0)
    >>> tasks, truth = linear_tasks(3, 4, 2, n_train=16, n_test=8, generator=generator, dtype=torch.float64)
    >>> x, y = tasks[1].train[:]
    >>> x.shape, y.shape, truth.weight_masks.shape, torch.equal(y, truth.target(1, x))
    (torch.Size([16, 4]), torch.Size([16, 2]), torch.Size([3, 2, 4]), True)
    """
    if not noise >= 0:  # so that NaN is refused too
        raise ValueError(f"noise must be a standard deviation, at least 0; got {noise}")
    truth = _draw_truth(tasks, d_in, d_out, p_on, generator)

    def observe(z: Tensor) -> Tensor:
        return z + noise * torch.randn(z.shape, generator=generator, dtype=z.dtype)

    return _draw_tasks("linear", truth, n_train, n_test, observe, math.inf, generator, dtype), truth


def sinusoid_tasks(
    tasks: int,
    d: int,
    n_train: int,
    n_test: int,
    clamp: float = 10.0,
    p_on: float = 0.75,
    wave: Callable[[Tensor], Tensor] = torch.sin,
    shift: float = 0.0,
    *,
    generator: torch.Generator,
    dtype: torch.dtype = torch.float32,
) -> tuple[list[Task], Truth]:
    """Tasks "sinusoid-0", … with y = wave(z + shift), z the linear target [N, d] of `linear_tasks` (LS 3.3).

    x ~ N(0, 1) of d features, clamped to [−clamp, clamp]. wave=torch.cos with shift=−π/2 gives the sine data again, up
    to rounding. Draws, loss, metric and errors as for `linear_tasks`; there is no noise.

    >>> tasks, truth = sinusoid_tasks(2, 2, n_train=16, n_test=8, generator=torch.Generator().manual_seed(0))
    >>> x, y = tasks[0].test[:]
    >>> x.shape, bool((y.abs() <= 1).all())
    (torch.Size([8, 2]), True)
    """
    if not clamp > 0:
        raise ValueError(f"clamp must be above 0; got {clamp}")
    truth = _draw_truth(tasks, d, d, p_on, generator)
    return _draw_tasks("sinusoid", truth, n_train, n_test, lambda z: wave(z + shift), clamp, generator, dtype), truth


def _draw_truth(tasks: int, d_in: int, d_out: int, p_on: float, generator: torch.Generator) -> Truth:
    _check_counts(tasks=tasks, d_in=d_in, d_out=d_out)
    if not 0 <= p_on <= 1:
        raise ValueError(f"p_on must be a probability in [0, 1]; got {p_on}")

    def uniform(*shape: int) -> Tensor:
        return torch.rand(shape, generator=generator, dtype=torch.float64)

    def masks(*shape: int) -> Tensor:
        return (uniform(*shape) < p_on).double()

    return Truth(uniform(d_out, d_in), uniform(d_out), masks(tasks, d_out, d_in), masks(tasks, d_out))


def _draw_tasks(
    kind: str,
    truth: Truth,
    n_train: int,
    n_test: int,
    observe: Callable[[Tensor], Tensor],
    clamp: float,
    generator: torch.Generator,
    dtype: torch.dtype,
) -> list[Task]:
    _check_counts(n_train=n_train, n_test=n_test)

    def examples(task: int, count: int) -> Examples:
        x = torch.randn(count, truth.weight.shape[1], generator=generator, dtype=torch.float64).clamp(-clamp, clamp)
        return Examples(x.to(dtype), observe(truth.target(task, x)).to(dtype))

    return [
        Task(f"{kind}-{k}", examples(k, n_train), examples(k, n_test), loss=F.mse_loss, metric=mse)
        for k in range(len(truth.weight_masks))
    ]


def _check_counts(**counts: int) -> None:
    for parameter, count in counts.items():
        if count < 1:
            raise ValueError(f"{parameter} must be at least 1; got {count}")
