"""State without torch's version metadata, as safetensors files and plain dicts hold it."""

import copy

import pytest
import torch
from torch import nn
from zoo import gated_example, outputs, same, snapshot

import rewire


def bare(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


@pytest.mark.parametrize("copied", [False, True])
def test_a_gated_batch_norm_takes_bare_state(copied):
    model, x = gated_example("BatchNorm")
    before = outputs(model, x)
    target, _ = gated_example("BatchNorm", seed=1)
    target = copy.deepcopy(target) if copied else target
    target.load_state_dict(bare(model))
    assert same(snapshot(target), snapshot(model))
    assert same(outputs(target, x), before)


def test_what_is_missing_from_bare_state_is_still_named():
    model, _ = gated_example("BatchNorm")
    state = bare(model)
    del state["1.parametrizations.num_batches_tracked.0.task1"]
    with pytest.raises(RuntimeError, match=r"num_batches_tracked\.0\.task1"):
        model.load_state_dict(state)


def test_a_merged_batch_norm_reads_old_state_as_torch_does():
    model, _ = gated_example("BatchNorm")
    plain = rewire.merge(model, "day")
    state = bare(plain)
    del state["1.num_batches_tracked"]  # as torch before 0.4.1 wrote it
    plain.load_state_dict(state)
    assert int(plain.state_dict()["1.num_batches_tracked"]) == 0  # torch's own default for state without it
