"""What networks cost before and after: equal outputs, parameters, multiply-adds, seconds. Nothing is trained here."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from rewire import tickets
from rewire.experiments.recipe import Context
from rewire.experiments.tickets.filters.runs import differences, sizes
from rewire.experiments.tickets.filters.stages import NETWORKS, PUBLISHED, CostConfig
from rewire.models import VGG7, VGG16, LeCunLeNet5, ResNet20
from rewire.training import derive


def measure(config: CostConfig, context: Context) -> None:
    """Per network and fraction kept: what it costs, and how far masked and shrunk outputs are apart."""
    for name in config.networks:
        generator = torch.Generator().manual_seed(derive(context.seed, name))
        model, x = network(name, config.batch, generator)
        model, x = model.to(context.device), x.to(context.device)
        for row in _rows(config, model, x, "together" if name == NETWORKS[-1] else "whole", generator):
            context.sink.write({"network": name, **row})
    for row in _published():
        context.sink.write({"network": PUBLISHED, **row})


def network(name: str, batch: int, generator: torch.Generator) -> tuple[nn.Module, Tensor]:
    """A network whose BatchNorm entries and statistics are not those of the start, and a batch of noise."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(torch.randint(2**31, (), generator=generator)))
        model = LeCunLeNet5() if name == "LeNet-5" else VGG7() if name == "VGG-7" else ResNet20()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor in (module.weight, module.bias, module.running_mean, module.running_var):
                assert tensor is not None
                tensor.data.copy_(torch.rand(tensor.shape, generator=generator) + 0.2)
    shape = (1, 28, 28) if name == "LeNet-5" else (3, 32, 32)
    return model, torch.randn(batch, *shape, generator=generator)


def _rows(
    config: CostConfig, model: nn.Module, x: Tensor, coupled: str, generator: torch.Generator
) -> Iterator[dict[str, Any]]:
    dense = tickets.latency(model, x, config.repeats) / len(x)
    yield {"keep": 1.0, **sizes(model, x), "microseconds": 1e6 * dense}
    for keep in config.keeps:
        for draw in range(config.draws):
            scores = {
                name: torch.rand(len(each), generator=generator) for name, each in tickets.filter_norms(model).items()
            }
            mask = tickets.filter_mask(model, keep, x, scores=scores, coupled=coupled)
            small = tickets.shrink(model, mask, x)
            for mode, value in differences(model, small, mask, x).items():
                yield {"keep": keep, "draw": draw, "mode": mode, "difference": value}
        mask = tickets.filter_mask(model, keep, x, coupled=coupled)
        small = tickets.shrink(model, mask, x)
        # The dense network is timed again beside each: a machine is not equally fast all the time.
        pair = [tickets.latency(each, x, config.repeats) / len(x) for each in (model, small)]
        yield {"keep": keep, **sizes(small, x), "microseconds": 1e6 * pair[1], "faster": pair[0] / pair[1]}


def _published() -> Iterator[dict[str, Any]]:
    """VGG-16 pruned as Li et al.'s Table 2 has it: half of the filters of layer 1 and of layers 8 to 13."""
    model, x = VGG16(), torch.zeros(1, 3, 32, 32)
    counts = {name: len(each) for name, each in tickets.filter_norms(model).items()}
    halved = {name: torch.arange(n) < n // 2 for i, (name, n) in enumerate(counts.items(), 1) if i == 1 or i >= 8}
    small = tickets.shrink(model, tickets.structured(model, halved, x), x)
    for state, each in (("dense", model), ("shrunk", small)):
        yield {"state": state, **sizes(each, x)}
