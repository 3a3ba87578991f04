"""What a run of permute/profiles does: look at the profiles, train, look again."""

import torch
from torch import Tensor, nn

from rewire.experiments.permute.profiles.rows import band_records, distance_records
from rewire.experiments.permute.profiles.stages import ProfilesConfig
from rewire.experiments.permute.shared.data import load
from rewire.experiments.permute.shared.methods import start
from rewire.experiments.permute.shared.networks import build
from rewire.experiments.permute.shared.training import Trained, steps
from rewire.experiments.permute.shared.values import snapshot
from rewire.experiments.recipe import Context
from rewire.models import CaffeLeNet5
from rewire.permutations.generator import Initial, initialise_
from rewire.permutations.rows import weight_slots
from rewire.training import derive


def run(config: ProfilesConfig, context: Context) -> None:
    """The accuracy, then the distances "before" and "after" training, and the bands that the figure draws."""
    task = load(config, context.seed, context.data, context.device)
    model = network(config, task.test[:1][0], context.seed).to(context.device)
    trained = Trained(task, model, *start(config, model, context.seed), snapshot(weight_slots(model)))
    steps(trained, config, context, 0, config.steps)
    for when, weights in (("before", trained.before), ("after", trained.after)):
        for row in distance_records(weights, _control(context.seed)):
            context.sink.write({"when": when} | row)
    for row in band_records(trained.after, _control(context.seed)):
        context.sink.write(row)


def network(config: ProfilesConfig, x: Tensor, seed: int) -> nn.Module:
    """The config's network at θ0; besides those that the recipes of this paper share, a small convolutional one."""
    if config.model != "caffe-lenet5":
        return build(config, x, seed)
    return initialise_(CaffeLeNet5(x.shape[1]), Initial(config.init, derive(seed, "theta0")), biases=True)


def _control(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(derive(seed, "control"))
