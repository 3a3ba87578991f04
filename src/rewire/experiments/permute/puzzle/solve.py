"""The four-step puzzle: recommend, connect, find cycles, permute; over and over until the picture is whole."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from rewire.experiments.permute.puzzle.stages import PuzzleConfig
from rewire.experiments.recipe import Context
from rewire.optim import SGPerm
from rewire.permutations.cycles import between, cycles
from rewire.permutations.matching import bound, permissible
from rewire.tasks import load_images
from rewire.training import derive


def run(config: PuzzleConfig, context: Context) -> None:
    """Records: the pieces and their distance after every update; at last the first update's graph and cycles."""
    picture = target(config, context.seed)
    order = torch.randperm(len(picture), generator=torch.Generator().manual_seed(derive(context.seed, "shuffle")))
    states = list(solved(picture[order], picture, config, context.seed))
    for update, pieces in enumerate(states):
        off = (pieces - picture).abs()
        row = {"update": update, "distance": off.sum().item(), "wrong": int((off > 0).sum())}
        context.sink.write(row | {"solved": torch.equal(pieces, picture)})
        for slot, value in enumerate(pieces.tolist()):
            context.sink.write({"update": update, "slot": slot, "value": value, "wanted": picture[slot].item()})
    for row in graph(states[0], states[1], picture, config):
        context.sink.write(row)


def target(config: PuzzleConfig, seed: int) -> Tensor:
    """The picture as a vector of values."""
    if config.picture == "tiles":
        return torch.arange(1, 17) / 16
    return load_images("digits").train.inputs[seed].flatten() / 255


def solved(pieces: Tensor, picture: Tensor, config: PuzzleConfig, seed: int) -> Iterator[Tensor]:
    """The pieces before the first update and after each, until they are the picture or the updates are used up."""
    weight = nn.Parameter(pieces[None].clone())
    optimizer = SGPerm(
        [weight], aggressiveness=config.aggressiveness, aggressiveness_decay=1,
        partition=1, partition_max=1, momentum=0, seed=derive(seed, "sgperm"),
    )  # fmt: skip
    yield weight.detach()[0].clone()
    for _ in range(config.updates):
        weight.grad = weight.detach() - picture
        optimizer.step()
        yield weight.detach()[0].clone()
        if torch.equal(weight[0], picture):
            return


def graph(before: Tensor, after: Tensor, picture: Tensor, config: PuzzleConfig) -> Iterator[dict[str, Any]]:
    """Edges (from the slot of a value to a slot that may take it) and the cycles along which values moved."""
    r = before - picture
    u = bound((before.max() - before.min()).item(), config.aggressiveness, int((r != 0).sum()))
    for taker, giver in permissible(before, r, u).nonzero().tolist():
        yield {"source": giver, "target": taker}
    for number, cycle in enumerate(cycles(between(before[None], after[None])[0])):
        for place, slot in enumerate(cycle):
            yield {"cycle": number, "place": place, "at": slot}
