"""A block of seeds of one linear contender as a few tensors: every seed's tasks, truth and initial network.

A linear layer's weight and bias are one row of K = d_out · (d_in + 1) numbers, the bias as the weight of a constant
input 1. A seed's network is 1 + T rows: what its tasks share, and what each has for itself (scores, or a whole layer).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rewire.experiments.light_switch.contenders import contender
from rewire.experiments.light_switch.linear.config import Linear
from rewire.gates import Hard, Sigmoid, scores, values
from rewire.tasks import Task, Truth, linear_tasks
from rewire.training import Streams


@dataclass(frozen=True, eq=False)
class Block:
    """R seeds side by side.

    Attributes:
        streams: of each seed, as they stand once its data is drawn.
        x, y: training points of all seeds and tasks, [R·T·N, d_in + 1] and [R·T·N, d_out].
        test_x, test_y: [R, T, M, d_in + 1] and [R, T, M, d_out].
        values, masks: the truth, [R, 1, K] and [R, T, K].
        rows: the networks, [R, 1 + T, K].
    """

    streams: list[Streams]
    x: Tensor
    y: Tensor
    test_x: Tensor
    test_y: Tensor
    values: Tensor
    masks: Tensor
    rows: Tensor


def make_block(config: Linear, run: int) -> Block:
    """Draw each seed's tasks and initial network exactly as `linear_tasks` and `contender` do for one."""
    return _stack([_member(config, seed) for seed in config.seeds(run)], config)


def effective(config: Linear, rows: Tensor) -> Tensor:
    """Every task's layer, [R, T, K], from the networks' rows [R, 1 + T, K]."""
    shared, own = rows[:, :1], rows[:, 1:]
    if config.model == "separate":
        return own
    return shared.expand_as(own) if config.model == "shared" else shared * levels(config, own)


def levels(config: Linear, scores: Tensor) -> Tensor:
    """The masks that scores stand for."""
    return (Sigmoid() if config.model == "gated" else Hard()).mask(scores)


@dataclass(frozen=True, eq=False)
class _Member:
    streams: Streams
    tasks: list[Task]
    truth: Truth
    network: Tensor


def _member(config: Linear, seed: int) -> _Member:
    streams, dtype = Streams(seed), torch.float64 if config.float64 else torch.float32
    sizes = (config.tasks, config.d_in, config.d_out, config.n_train, config.n_test, config.noise, config.p_on)
    tasks, truth = linear_tasks(*sizes, generator=streams["data"], dtype=dtype)
    model = network(config, [task.name for task in tasks], streams)[0]
    return _Member(streams, tasks, truth, _rows(config, model, [task.name for task in tasks]))


def network(config: Linear, tasks: Sequence[str], streams: Streams) -> tuple[nn.Module, torch.optim.Optimizer]:
    """One seed's contender and its optimizer, as `fit` takes them."""
    return contender(
        config.model,
        tasks,
        lambda: _layer(config),
        streams,
        lr=config.lr,
        speed=config.speed,
        hard_mean=config.hard_mean,
    )


def _layer(config: Linear) -> nn.Linear:
    layer = nn.Linear(config.d_in, config.d_out, dtype=torch.float64 if config.float64 else torch.float32)
    for parameter in layer.parameters() if config.init != "kaiming" else ():
        nn.init.normal_(parameter, std=0.1 if config.init == "normal" else 0.0)
    return layer


def _rows(config: Linear, model: nn.Module, tasks: Sequence[str]) -> Tensor:
    """A network's rows, [1 + T, K]; zeros stand for what a contender does not have."""
    if config.model == "separate":
        own = [_row(dict(layer.named_parameters())) for layer in model.networks]  # type: ignore[union-attr]
        return torch.stack([torch.zeros_like(own[0]), *own])
    if config.model == "shared":
        shared = _row(dict(model.named_parameters()))
        return torch.stack([shared, *[torch.zeros_like(shared) for _ in tasks]])
    return torch.stack([_row(values(model)), *[_row(scores(model, task)) for task in tasks]])


def _row(layer: dict[str, Tensor]) -> Tensor:
    return join(layer["weight"].detach(), layer["bias"].detach())


def join(weight: Tensor, bias: Tensor) -> Tensor:
    """Weights [..., d_out, d_in] and biases [..., d_out] as rows [..., K]."""
    return torch.cat([weight, bias.unsqueeze(-1)], -1).flatten(-2)


def _stack(members: Sequence[_Member], config: Linear) -> Block:
    train = [task.train for member in members for task in member.tasks]
    test = [task.test for member in members for task in member.tasks]
    shape = (len(members), config.tasks, config.n_test, -1)
    truths = [member.truth for member in members]
    return Block(
        streams=[member.streams for member in members],
        x=_with_one(torch.cat([examples.inputs for examples in train])),
        y=torch.cat([examples.targets for examples in train]),
        test_x=_with_one(torch.cat([examples.inputs for examples in test])).view(shape),
        test_y=torch.cat([examples.targets for examples in test]).view(shape),
        values=torch.stack([join(truth.weight, truth.bias) for truth in truths]).unsqueeze(1),
        masks=torch.stack([join(truth.weight_masks, truth.bias_masks) for truth in truths]),
        rows=torch.stack([member.network for member in members]),
    )


def _with_one(x: Tensor) -> Tensor:
    return torch.cat([x, torch.ones_like(x[:, :1])], 1)
