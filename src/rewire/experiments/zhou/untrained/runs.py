"""What a run of zhou/untrained does: train once, then look at every mask on the network as it was before."""

from functools import partial

import torch
from torch import Tensor, nn

from rewire.experiments.recipe import Context
from rewire.experiments.tickets.shared.data import load
from rewire.experiments.tickets.shared.networks import build
from rewire.experiments.tickets.shared.runs import keep
from rewire.experiments.tickets.shared.trained import dense
from rewire.experiments.zhou.shared.config import ZhouConfig
from rewire.tasks import Task
from rewire.tickets import prunable, untrained
from rewire.training import Streams, evaluate


def run(config: ZhouConfig, context: Context) -> None:
    """Records: the network before and after training, then a row per criterion, sign rule, values and level."""
    data = load(config, context.seed, context.data, context.device)
    streams = Streams(context.seed)
    model = build(config, data.task.test[:1][0], streams).to(context.device)
    trained = dense(config, context, data)
    for when, each in (("before training", model), ("after training", trained)):
        context.sink.write({"network": when, **evaluate(each, data.task)})
    init, final = ({name: w.detach().clone() for name, w in prunable(each).items()} for each in (model, trained))
    worth = partial(_worth, model=model, task=data.task)
    fractions = keep(config, model)
    for row in untrained(init, final, worth, levels=config.levels, keep=fractions, generator=streams["masks"]):
        context.sink.write(row)


@torch.no_grad()
def _worth(weights: dict[str, Tensor], model: nn.Module, task: Task) -> dict[str, float]:
    """Test accuracy and loss with these weights and the initial biases."""
    for name, parameter in prunable(model).items():
        parameter.copy_(weights[name])
    return evaluate(model, task)
