"""`project`: every value goes where a gradient step would have put it among the others, on any device."""

import torch
from torch import Tensor

from rewire.permutations.ranks import ranks


def project(values: Tensor, r: Tensor, order: Tensor, alpha: float) -> Tensor:
    """The order of rows [R, n] after the ranks have become those of w − η r, with η = alpha · range / max |r|.

    That is the Euclidean projection of a step of descent onto the permutations of a row. No partition bounds it, but
    the step does: none of the numbers that are ranked is farther than alpha · range from its weight.

    Args:
        values, r: [R, n], by slot; a row with r = 0 stays as it is.
        order: [R, n], the slots of each row by ascending value.

    >>> values, r = torch.tensor([[1.0, 2.0, 4.0]]), torch.tensor([[-1.0, 1.0, 0.0]])
    >>> project(values, r, torch.tensor([[0, 1, 2]]), alpha=0.3)
    tensor([[1, 0, 2]])
    """
    ascending, strength = values.gather(1, order), r.gather(1, order)
    spread, strongest = ascending[:, -1:] - ascending[:, :1], strength.abs().amax(1, keepdim=True)
    push = torch.where(strongest > 0, strength / strongest, 0)
    return torch.empty_like(order).scatter_(1, ranks(ascending - alpha * spread * push), order)
