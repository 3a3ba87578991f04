"""Early-bird tickets: the mask that pruning would choose settles long before training ends (You et al. 2020).

For any training loop, once an epoch:

    early = EarlyBird()
    for epoch in range(epochs):
        ...                                  # the loss plus scaling_penalty(model)
        if early.update(model):
            break                            # early.mask is the ticket
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parameter import is_lazy

from rewire.gates.contents import unwrapped
from rewire.masks import Mask, hamming, select
from rewire.tickets.prunable import prunable


class EarlyBird:
    """Watches the mask that a network would be pruned to; draws the first that has stopped changing.

    A mask is drawn when the last `size` are there and the newest is within a Hamming distance of `epsilon` (a fraction
    of entries) of each of the others.

    Args:
        mask_of: model → Mask, such as `channel_mask` (the default) or a partial of `magnitude_mask`.

    `mask` is the drawn one or None, `distances` those of the newest from the others in the queue, oldest first.
    Raises ValueError for an epsilon outside [0, 1] and a size below 2.

    >>> early, model = EarlyBird(), nn.BatchNorm1d(4)
    >>> [early.update(model) for epoch in range(6)]
    [False, False, False, False, True, True]
    """

    def __init__(self, mask_of: Callable[[nn.Module], Mask] | None = None, epsilon: float = 0.1, size: int = 5):
        if not 0 <= epsilon <= 1:
            raise ValueError(f"epsilon must be in [0, 1]; got {epsilon}: it is the fraction of entries that may differ")
        if size < 2:
            raise ValueError(f"size must be at least 2, for masks are compared; got {size}")
        self.mask_of = channel_mask if mask_of is None else mask_of
        self.epsilon, self.size = epsilon, size
        self.mask: Mask | None = None
        self.distances: list[float] = []
        self._queue: list[Mask] = []

    def update(self, model: nn.Module) -> bool:
        """Take the mask of now into the queue; whether one is drawn, now or before. The first drawn stays."""
        newest = self.mask_of(model)
        others = self._queue[-(self.size - 1) :]
        self.distances = [hamming(newest, mask) for mask in others]
        self._queue = [*others, newest]
        settled = len(self._queue) == self.size and max(self.distances) <= self.epsilon
        if self.mask is None and settled:
            self.mask = newest
        return self.mask is not None

    def state_dict(self) -> dict[str, Any]:
        """The queue and what was drawn, as tensors, for a checkpoint."""
        return {"queue": [dict(mask) for mask in self._queue], "drawn": None if self.mask is None else dict(self.mask)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._queue = [Mask(tensors) for tensors in state["queue"]][-self.size :]
        self.mask = None if state["drawn"] is None else Mask(state["drawn"])
        self.distances = [hamming(self._queue[-1], mask) for mask in self._queue[:-1]]


def channel_mask(model: nn.Module, keep: float = 0.5) -> Mask:
    """Exactly round(keep · n) of the network's n BatchNorm channels, those with the largest |γ| over all layers.

    It says which channels matter, and may leave a layer without any. Equal factors draw lots, alike at every call.
    Raises ValueError for a keep outside (0, 1] and a model without scaling factors.

    >>> model = nn.BatchNorm1d(4)
    >>> model.weight.data = torch.tensor([0.1, -0.9, 0.5, 0.2])
    >>> channel_mask(model)["weight"]
    tensor([False,  True,  True, False])
    """
    factors = scaling_factors(model)
    # As one tensor: a layer that loses all its channels is no error here.
    together = torch.cat([factor.detach().abs().cpu().float() for factor in factors.values()])
    chosen = select({"BatchNorm scaling factors": together}, keep)["BatchNorm scaling factors"]
    parts = chosen.split([len(factor) for factor in factors.values()])
    return Mask({name: part.to(factor.device) for (name, factor), part in zip(factors.items(), parts)})


def magnitude_mask(model: nn.Module, keep: float = 0.5, scope: str = "layer") -> Mask:
    """The largest of the network's prunable weights, as `select` keeps them: the same test for any network.

    >>> magnitude_mask(nn.Linear(4, 2), keep=0.25).kept
    2
    """
    return select({name: weight.detach().abs() for name, weight in prunable(model).items()}, keep, scope)


def scaling_penalty(model: nn.Module, strength: float = 1e-4) -> Tensor:
    """strength · Σ|γ| over all BatchNorm layers, a 0-d tensor: add it to the loss, so that factors sink that can.

    Its subgradient at γ = 0 is 0. Raises ValueError as `channel_mask` does.

    >>> scaling_penalty(nn.BatchNorm1d(4), strength=0.5).item()
    2.0
    """
    return strength * torch.stack([factor.abs().sum() for factor in scaling_factors(model).values()]).sum()


def scaling_factors(model: nn.Module) -> dict[str, Tensor]:
    """The γ of every BatchNorm layer by parameter name, shared ones once. Raises ValueError where there is none.

    >>> list(scaling_factors(nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))))
    ['1.weight']
    """
    found: dict[str, Tensor] = {}
    for name, module in unwrapped(model).named_modules():
        factor = module.weight if isinstance(module, _BatchNorm) else None
        if factor is not None and not any(factor is other for other in found.values()):
            found[f"{name}.weight".lstrip(".")] = factor
    if not found:
        raise ValueError("model must have BatchNorm layers with scaling factors; got none: watch magnitude_mask")
    for name, factor in found.items():
        if is_lazy(factor):
            raise ValueError(f"model must be initialised; {name!r} has no shape yet: pass a batch through it first")
    return found
