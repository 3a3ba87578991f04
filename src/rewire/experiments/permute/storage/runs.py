"""What a run of permute/storage does: train, save as θ0's seed and permutations, load, compare bit for bit."""

import copy
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from rewire.experiments.permute.shared.training import Trained, prepare, steps
from rewire.experiments.permute.shared.values import compared, snapshot
from rewire.experiments.permute.storage.stages import StorageConfig
from rewire.experiments.recipe import Context
from rewire.files import tensors_to_bytes
from rewire.permutations.codec import information
from rewire.permutations.generator import Initial, initialise_
from rewire.permutations.rows import bits, rows, weight_slots
from rewire.permutations.storage import load_permutation, save_permutation
from rewire.training import derive

FILE = "permutation.safetensors"


def run(config: StorageConfig, context: Context) -> None:
    """Records of the training, of the file, and of each weight tensor in it."""
    trained, init = _prepared(config, context)
    fresh = copy.deepcopy(trained.model)
    steps(trained, config, context, 0, config.steps)
    if trained.laperm is not None:
        trained.laperm.sync()
    path = context.directory / FILE
    save_permutation(trained.model, init, path)
    load_permutation(path, fresh)
    for row in (compared(trained.before, trained.after), sizes(trained, fresh, path.stat().st_size)):
        context.sink.write(row)


def sizes(trained: Trained, loaded: nn.Module, size: int) -> dict[str, Any]:
    """Bytes beside those of the same network's safetensors file, and what the count of permutations allows."""
    state = trained.model.state_dict()
    same = [torch.equal(_bits(state[name]), _bits(other)) for name, other in loaded.state_dict().items()]
    plain = len(tensors_to_bytes(state))
    bound = sum(information(rows(weight)) for weight in trained.before.values())
    others = sum(t.numel() * t.element_size() for name, t in state.items() if name not in trained.before)
    return {"bytes": size, "float32": plain, "bound": bound / 8 + others, "identical": all(same)}


def _prepared(config: StorageConfig, context: Context) -> tuple[Trained, Initial]:
    """The config's network at a θ0 of its density, before the first step, and what θ0 is told by."""
    trained, init = prepare(config, context), Initial(config.init, derive(context.seed, "theta0"), config.density)
    model = initialise_(trained.model, init, biases=True)
    return replace(trained, before=snapshot(weight_slots(model))), init


def _bits(tensor: Tensor) -> Tensor:
    return bits(tensor.cpu()) if tensor.is_floating_point() else tensor.cpu()
