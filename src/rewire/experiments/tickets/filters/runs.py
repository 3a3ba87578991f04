"""What a run of tickets/filters does: prune, shrink, compare, retrain; every training can be killed and goes on."""

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rewire import tickets
from rewire.experiments.recipe import Context
from rewire.experiments.tickets.filters.stages import FilterConfig
from rewire.experiments.tickets.shared.data import Data, load
from rewire.experiments.tickets.shared.networks import build
from rewire.experiments.tickets.shared.trainer import trainer
from rewire.files import read_json, read_tensors, write_json, write_tensors
from rewire.tickets import Phase
from rewire.training import Streams, derive, evaluate
from rewire.training.checkpoint import FILE

VALUES, REPORT = "values.safetensors", "report.json"
COMPARED = 500  # test images on which masked and shrunk outputs are compared

Train = Callable[[nn.Module, Phase], Mapping[str, Any]]


def run(config: FilterConfig, context: Context) -> None:
    """The dense network, what more training does to it, then each fraction kept of it."""
    data = load(config, context.seed, context.data, context.device)
    x = data.task.test[:COMPARED][0]
    dense = build(config, x, Streams(context.seed)).to(context.device)
    report = trained(dense, _train(config, data, context, context.seed, config.epochs), context.directory / "dense")
    context.sink.write({"state": "dense", "keep": 1.0, **_result(report), **sizes(dense, x)})
    longer = trained(copy.deepcopy(dense), _retraining(config, data, context), context.directory / "longer")
    context.sink.write({"state": "longer", "keep": 1.0, **_result(longer), **sizes(dense, x)})
    for keep in config.keeps:
        for row in _pruned(config, context, data, dense, keep):
            context.sink.write({"keep": keep, **row})


def _pruned(
    config: FilterConfig, context: Context, data: Data, dense: nn.Module, keep: float
) -> Iterator[dict[str, Any]]:
    """Of one fraction kept: accuracy before and after retraining, and that of the same network trained from nothing."""
    x, folder = data.task.test[:COMPARED][0], context.directory / f"keep-{keep:g}"
    mask = tickets.filter_mask(dense, keep, x)
    small = tickets.shrink(dense, mask, x)
    for mode, value in differences(dense, small, mask, x).items():
        yield {"network": "LeNet-5, trained", "mode": mode, "difference": value}
    yield {"state": "pruned", **evaluate(small, data.task), **sizes(small, x)}
    retrain = _retraining(config, data, context)
    yield {"state": "retrained", **_result(trained(small, retrain, folder / "retrained")), **sizes(small, x)}
    if config.scratch:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive(context.seed, "scratch", keep))
            small.apply(_draw)
        whole = _train(config, data, context, context.seed, config.epochs + config.retrain_epochs)
        yield {"state": "scratch", **_result(trained(small, whole, folder / "scratch")), **sizes(small, x)}


def trained(model: nn.Module, train: Train, folder: Path) -> Mapping[str, Any]:
    """Train `model` in its own folder; a killed training goes on there, a finished one is read, not repeated."""
    if not (folder / REPORT).exists():
        folder.mkdir(parents=True, exist_ok=True)
        report = train(model, Phase(0, 0, None, folder))
        write_tensors(folder / VALUES, model.state_dict())
        write_json(folder / REPORT, dict(report))
        (folder / FILE).unlink(missing_ok=True)
    model.load_state_dict(read_tensors(folder / VALUES)[0])
    return read_json(folder / REPORT)


@torch.no_grad()
def differences(model: nn.Module, small: nn.Module, mask: Mapping[str, Tensor], x: Tensor) -> dict[str, float]:
    """The largest difference of the masked and the shrunk network's outputs, by the largest output, in either mode."""
    found, big = {}, copy.deepcopy(model)
    with tickets.masked(big, mask):
        for mode in ("evaluation", "training"):
            one, other = (copy.deepcopy(each).train(mode == "training")(x) for each in (big, small))
            found[mode] = ((one - other).abs().max() / one.abs().max()).item()
    return found


def sizes(model: nn.Module, x: Tensor) -> dict[str, int]:
    """Parameters, and multiply-adds of one image."""
    return {"parameters": tickets.parameters(model), "multiply_adds": tickets.multiply_adds(model, x[:1])}


def _train(config: FilterConfig, data: Data, context: Context, seed: int, epochs: int) -> Train:
    return trainer(replace(config, epochs=epochs, levels=0), data, seed, context.progress, context.checkpoint_every)


def _retraining(config: FilterConfig, data: Data, context: Context) -> Train:
    """On other batches than the training's."""
    return _train(config, data, context, derive(context.seed, "retrain"), config.retrain_epochs)


def _result(report: Mapping[str, Any]) -> dict[str, Any]:
    return {key: report[key] for key in ("accuracy", "loss")}


def _draw(module: nn.Module) -> None:
    if isinstance(module, nn.Linear | nn.Conv2d):
        module.reset_parameters()
