"""Tasks never trained on: mix the stored masks, w = values ⊙ Σ α_i mask_i, and learn or read off the weights α."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rewire.errors import choice
from rewire.gates.active import restored, tasks_of
from rewire.gates.attach import check_tasks
from rewire.gates.gate import Gate
from rewire.gates.parts import gates
from rewire.gates.switches import Own


class Combination:
    """A stand-in for a gate's switch: mask = Σ α_i mask_i over masks [T, ...] stacked once."""

    binary = False
    alpha: Tensor

    def __init__(self, gate: Gate, tasks: Sequence[str]) -> None:
        self.owned = isinstance(gate.switch, Own)
        self.differentiable = isinstance(gate.active, nn.Parameter)  # norm statistics are not
        self.stack = torch.stack([gate.levels(task).detach() for task in tasks])

    def product(self, values: Tensor, *_: object) -> Tensor:
        weights = self.alpha if self.differentiable else self.alpha.detach()
        level = torch.tensordot(weights.to(self.stack), self.stack, 1)
        return level if self.owned else values * level


@contextmanager
def combined(model: nn.Module, tasks: Sequence[str]) -> Iterator[Callable[[Tensor], nn.Module]]:
    """Within, the model is in evaluation mode and has masks Σ α_i mask_i, differentiable in the α that is handed over.

    Outputs differentiate in evaluation mode, which cuDNN's recurrent kernels cannot: they are off meanwhile.
    """
    found = [gate for gate in gates(model).values() if gate.active.is_floating_point()]  # not the counters of batches
    before = [(gate, gate.switch, gate.cache) for gate in found]
    mixtures = [Combination(gate, tasks) for gate in found]

    def at(alpha: Tensor) -> nn.Module:
        for mixture in mixtures:
            mixture.alpha = alpha
        return model

    with restored(model), torch.enable_grad(), _without_cudnn_rnn(model):
        model.eval()
        try:
            for gate, mixture in zip(found, mixtures, strict=True):
                gate.switch, gate.cache = mixture, None  # pyright: ignore[reportAttributeAccessIssue]
            yield at
        finally:
            for gate, kind, cache in before:
                gate.switch, gate.cache = kind, cache


def ordinary(x: Tensor) -> Tensor:
    """The tensor, or a copy where it was made in inference mode and autograd could not save it."""
    return x.clone() if isinstance(x, Tensor) and x.is_inference() else x


def _without_cudnn_rnn(model: nn.Module) -> AbstractContextManager[None]:
    if any(isinstance(module, nn.RNNBase) for module in model.modules()):
        return torch.backends.cudnn.flags(enabled=False)
    return nullcontext()


@torch.inference_mode(mode=False)  # serving code may be in it, and it knows no gradients
def fit_combination(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    tasks: Sequence[str] | None = None,
    *,
    loss: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
    steps: int = 100,
    lr: float = 0.1,
) -> dict[str, float]:
    """Learn α ≥ 0, Σα = 1, over the stored masks from a few labelled examples of an unseen task.

    Blum & Law 2020, §2.1. α = softmax(a), a = 0 at first (the mean mask), Adam on a; values and masks stay as they
    are. Hand the result to `rewire.add_task(model, "new", init=alpha)` to keep it.

    Args:
        x, y: the examples, passed as loss(model(x), y) in one batch.
        tasks: the stored tasks to mix; default all.

    Returns {task: α}. Raises ValueError for unknown tasks, an empty batch, or a loss that is not finite.

    >>> model = rewire.gate(nn.Linear(2, 3), tasks=["day", "night"])
    >>> sum(rewire.fit_combination(model, torch.zeros(4, 2), torch.tensor([0, 1, 2, 0])).values())
    1.0
    """
    names = _known(model, tasks)
    if not len(x) or len(x) != len(y):
        raise ValueError(f"x and y must hold the same number of examples, at least one; got {len(x)} and {len(y)}")
    x, y = ordinary(x), ordinary(y)
    logits = torch.zeros(len(names), requires_grad=True)
    optimizer = torch.optim.Adam([logits], lr=lr)
    with combined(model, names) as at:
        for step in range(steps):
            error = loss(at(torch.softmax(logits, 0))(x), y)
            if not torch.isfinite(error):
                raise ValueError(f"loss must stay finite; got {error.item()} at step {step}: lower lr")
            (logits.grad,) = torch.autograd.grad(error, logits)
            optimizer.step()
    weights = torch.softmax(logits.detach().double(), 0)
    return dict(zip(names, weights.tolist(), strict=True))


@torch.inference_mode(mode=False)
def infer_task(model: nn.Module, x: Tensor, tasks: Sequence[str] | None = None) -> str:
    """The stored task that a batch of unlabelled inputs most likely belongs to, from one forward and backward pass.

    Wortsman et al. 2020 (SupSup): with α = 1/T, the task whose weight would lower the outputs' entropy fastest,
    argmax_i −∂H/∂α_i. The model must return logits [batch, classes].

    Raises ValueError for unknown tasks, a model without gates, an empty batch or outputs that are not finite (but for
    classes that are ruled out by −inf); TypeError for outputs that are no tensor.

    >>> model = rewire.gate(nn.Linear(2, 3), tasks=["day"])
    >>> rewire.infer_task(model, torch.zeros(4, 2))
    'day'
    """
    names = _known(model, tasks)
    alpha = torch.full((len(names),), 1 / len(names), requires_grad=True)
    with combined(model, names) as at:
        log_p = F.log_softmax(logits_of(at(alpha), ordinary(x)), dim=-1)
        log_p = log_p.clamp_min(torch.finfo(log_p.dtype).min)  # 0 · −inf is no entropy
        entropy = -(log_p.exp() * log_p).sum(-1).mean()
        (gradient,) = torch.autograd.grad(entropy, alpha)
    if not gradient.isfinite().all():
        raise ValueError("outputs must be finite for x to tell its task; got NaN or infinity: look at x and the model")
    return names[int(torch.argmin(gradient))]


def logits_of(model: nn.Module, x: Tensor) -> Tensor:
    """model(x). Raises ValueError for an empty batch, TypeError for anything but a tensor of numbers with gradients."""
    if not len(x):
        raise ValueError("x must hold at least one example; got an empty batch")
    logits = model(x)
    if not isinstance(logits, Tensor) or not logits.is_floating_point():
        kind = logits.dtype if isinstance(logits, Tensor) else type(logits).__name__
        raise TypeError(f"model must return logits [batch, classes]; got {kind}: wrap it in a module that returns them")
    return logits


def _known(model: nn.Module, tasks: Sequence[str] | None) -> list[str]:
    known = tasks_of(model)
    names = known if tasks is None else check_tasks(tasks)
    for task in names:
        if task not in known:
            raise choice("tasks", known, task)
    return names
