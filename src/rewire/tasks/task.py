"""What a task is: a name, the examples to train and test on, a loss and a metric."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

Transform = Callable[[Tensor], Tensor]
Augment = Callable[[Tensor, torch.Generator], Tensor]
Compare = Callable[[Tensor, Tensor], Tensor]
Index = Tensor | slice


def accuracy(outputs: Tensor, targets: Tensor) -> Tensor:
    """Fraction of the batch whose largest output is the target class: a 0-d tensor in [0, 1].

    outputs: [N, classes] logits or probabilities; targets: [N] class indices.

    >>> accuracy(torch.tensor([[2.0, 1.0], [3.0, 0.0]]), torch.tensor([0, 1])).item()
    0.5
    """
    return (outputs.argmax(-1) == targets).float().mean()


def mse(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean squared error over every element of the batch: a 0-d tensor.

    >>> mse(torch.tensor([[1.0], [3.0]]), torch.tensor([[0.0], [3.0]])).item()
    0.5
    """
    return F.mse_loss(outputs, targets)


@dataclass(frozen=True, eq=False)
class Examples:
    """Inputs and targets held as whole tensors, turned into batches by index.

    inputs: [M, ...], usually uint8 images, kept raw and shared by every task made from them; targets: [N, ...].
    transform: batch → batch, run at each access, so a coloured copy of the dataset never exists.
    augment: (batch, generator) → batch, run after `transform` by `batch` only, that is in training only.
    rows: [N] positions of the examples in `inputs`; None (the default) when they are all of them, in order.
    Raises ValueError when inputs (or rows) and targets differ in length.

    >>> examples = Examples(torch.tensor([[0], [10], [20]]), torch.tensor([0, 1, 2]), transform=lambda x: x + 1)
    >>> examples[torch.tensor([2, 0])]
    (tensor([[21],
            [ 1]]), tensor([2, 0]))
    """

    inputs: Tensor
    targets: Tensor
    transform: Transform | None = None
    augment: Augment | None = None
    rows: Tensor | None = None

    def __post_init__(self) -> None:
        count = len(self.inputs) if self.rows is None else len(self.rows)
        if count != len(self.targets):
            raise ValueError(f"targets must be as many as the {count} inputs; got {len(self.targets)}: pair them first")

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: Index) -> tuple[Tensor, Tensor]:
        """The transformed inputs and the targets at `index`: a slice, or a LongTensor [n] on any device."""
        if isinstance(index, Tensor):
            index = index.to(self.targets.device, non_blocking=True)
        x = _take(self.inputs, index if self.rows is None else _take(self.rows, index))
        return (x if self.transform is None else self.transform(x)), _take(self.targets, index)

    def batch(self, index: Index, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """A training batch: as `examples[index]`, then augmented with draws from the CPU `generator`."""
        x, y = self[index]
        return (x if self.augment is None else self.augment(x, generator)), y

    def to(self, device: torch.device | str) -> "Examples":
        """The same examples on `device`. Move a dataset before making tasks of it, or each task moves its own copy."""
        rows = None if self.rows is None else self.rows.to(device)
        return replace(self, inputs=self.inputs.to(device), targets=self.targets.to(device), rows=rows)

    def with_transform(self, transform: Transform | None) -> "Examples":
        """The same tensors seen through another transform."""
        return replace(self, transform=transform)

    def subset(self, index: Index) -> "Examples":
        """The examples at `index` (a slice, LongTensor or mask); the inputs stay shared, only positions are stored.

        >>> examples = Examples(torch.arange(4), torch.arange(4)).subset(torch.tensor([3, 1]))
        >>> examples[slice(0, 1)], examples.inputs
        ((tensor([3]), tensor([3])), tensor([0, 1, 2, 3]))
        """
        rows = torch.arange(len(self.inputs), device=self.inputs.device) if self.rows is None else self.rows
        return replace(self, targets=self.targets[index], rows=rows[index])


@dataclass(frozen=True, eq=False)
class Task:
    """One thing to learn: `train` and `test` examples, the loss to descend and the metric to report.

    loss(outputs, targets) and metric(outputs, targets) give a 0-d tensor, the mean over the batch; records carry the
    metric under its `__name__`. Defaults: cross-entropy and accuracy.

    >>> points = Examples(torch.randn(8, 2), torch.randn(8, 1))
    >>> Task("line", train=points, test=points, loss=F.mse_loss, metric=mse).metric.__name__
    'mse'
    """

    name: str
    train: Examples
    test: Examples
    loss: Compare = F.cross_entropy
    metric: Compare = accuracy

    def to(self, device: torch.device | str) -> "Task":
        """The same task with its examples on `device`."""
        return replace(self, train=self.train.to(device), test=self.test.to(device))


def _take(tensor: Tensor, index: Index) -> Tensor:
    # index_select is several times faster than indexing for the small batches of a training step.
    if isinstance(index, Tensor) and index.dtype == torch.int64:
        return tensor.index_select(0, index)
    return tensor[index]
