"""One of two processes that train together; it imports little, for it is started anew."""

import torch
from laperm_case import batch, network, weights
from torch import nn
from torch.nn import functional as F

from rewire.permutations import LAPerm


def train_in_two(rank: int, store: str, out: str) -> None:
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
    try:
        model = network(seed=rank)  # DDP gives all the weights of the first
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        laperm = LAPerm(optimizer, k=2)  # before wrapping: the values are taken at the first step
        wrapped = nn.parallel.DistributedDataParallel(model)
        before = weights(model)
        for number in range(4):
            optimizer.zero_grad()
            x, y = batch(2 * number + rank)
            F.cross_entropy(wrapped(x), y).backward()
            optimizer.step()
        laperm.check()
        torch.save({"before": before, "after": weights(model), "moved": laperm.moved}, f"{out}{rank}")
    finally:
        torch.distributed.destroy_process_group()
