"""Defects of published code, by name and off unless asked for, to show which reported numbers come from them."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn

from rewire.tickets.prunable import prunable
from rewire.tickets.sparse_linear import SparseLinear


@contextmanager
def frozen_negatives(model: nn.Module, threshold: float = 1e-6) -> Iterator[nn.Module]:
    """Within this context weights below `threshold`, all negative ones among them, get no gradient.

    The most-copied lottery-ticket code freezes pruned weights by `where(w < 1e-6, 0, gradient)`, without the absolute
    value, and so every negative weight with them. Only the gradient is zeroed, as there: weight decay still moves them.

    Raises ValueError for a model with sparse layers, which it could not reach.

    >>> layer = nn.Linear(2, 1)
    >>> _ = layer.weight.data.copy_(torch.tensor([[-1.0, 1.0]]))
    >>> with frozen_negatives(layer):
    ...     layer(torch.ones(1, 2)).sum().backward()
    >>> layer.weight.grad
    tensor([[0., 1.]])
    """

    # 1 where the gradient stays and 0 where not: kept memory and a product take a tenth of masked_fill's time.
    thawed: dict[Tensor, Tensor] = {}

    @torch.no_grad()
    def freeze(parameter: Tensor) -> None:
        if parameter.grad is not None:
            if parameter not in thawed:
                thawed[parameter] = torch.empty_like(parameter)
            parameter.grad.mul_(torch.ge(parameter, threshold, out=thawed[parameter]))

    if any(isinstance(module, SparseLinear) for module in model.modules()):
        raise ValueError("model must be dense to freeze its negatives; got sparse layers: leave out sparse_below")
    with ExitStack() as stack:
        for parameter in prunable(model).values():
            stack.callback(parameter.register_post_accumulate_grad_hook(freeze).remove)
        yield model
