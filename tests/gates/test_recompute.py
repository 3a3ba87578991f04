"""Activation checkpointing: gradients as without it, and no silent ones of another task."""

import pytest
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import CheckpointError, checkpoint

import rewire
from rewire.gates import Hard, Sigmoid

pytestmark = pytest.mark.skipif(
    not hasattr(torch._C._autograd, "_top_saved_tensors_default_hooks"), reason="torch before 2.8 does not say"
)


class Checkpointed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))
        self.recomputes = True

    def forward(self, x: Tensor) -> Tensor:
        return checkpoint(self.inner, x, use_reentrant=False) if self.recomputes else self.inner(x)


@pytest.fixture(params=[(Sigmoid(std=1.0), ()), (Hard(std=1.0), ()), (Sigmoid(), "inner.3")], ids=str)
def model(request):
    switch, own = request.param
    return rewire.gate(Checkpointed(), ["a", "b"], switch, own=own)


def gradients(model: nn.Module, x: Tensor) -> list[Tensor | None]:
    model.zero_grad()
    for task in rewire.tasks_of(model):
        rewire.switch(model, task)(x).square().sum().backward()
    return [parameter.grad for parameter in model.parameters()]


def test_gradients_are_those_of_the_plain_forward_pass(model):
    x = torch.randn(6, 4)
    recomputed = gradients(model, x)
    model.recomputes = False
    for ours, plain in zip(recomputed, gradients(model, x), strict=True):
        assert (ours is None) == (plain is None)
        assert plain is None or torch.equal(ours, plain)


def test_a_switch_before_backward_is_refused(model):
    x = torch.randn(6, 4)
    loss = rewire.switch(model, "a")(x).sum() + rewire.switch(model, "b")(x).sum()
    with pytest.raises(CheckpointError):
        loss.backward()
    loss = rewire.mixed(model, x, [0, 1, 0, 1, 0, 1]).sum()
    with pytest.raises(CheckpointError):
        loss.backward()


def test_weights_that_a_layer_changes_in_place_may_be_packed():
    model = rewire.gate(nn.Embedding(5, 4, max_norm=1.0), ["a", "b"])
    with torch.autograd.graph.save_on_cpu():
        model(torch.tensor([1, 2])).sum().backward()
    assert rewire.gates.scores(model, "a")["weight"].grad.any()
