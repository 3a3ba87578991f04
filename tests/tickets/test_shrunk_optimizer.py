"""After a shrink: an optimizer that is turned to the small network goes on, one that is not trains the old one."""

import copy

import pytest
import torch
from shrinking_zoo import make

from rewire import tickets


def step(model, optimizer, x):
    optimizer.zero_grad()
    model(x).square().mean().backward()
    optimizer.step()


def closure(model, optimizer, x):
    optimizer.zero_grad()
    loss = model(x).square().mean()
    loss.backward()
    return loss


@pytest.mark.parametrize("name", ["lecun", "vgg7", "resnet20 A", "resnet20 keras", "pre-activation"])
@pytest.mark.parametrize(
    "build",
    [
        lambda p: torch.optim.SGD(p, 0.05, momentum=0.9, weight_decay=1e-2),
        lambda p: torch.optim.Adam(p, 1e-3, amsgrad=True),
        lambda p: torch.optim.RMSprop(p, 1e-3, momentum=0.5),
    ],
    ids=["sgd", "adam", "rmsprop"],
)
def test_a_moved_optimizer_takes_the_masked_networks_steps(name, build):
    model, x = make(name)
    mask = tickets.filter_mask(model, 0.5, x, coupled="together")
    optimizer = build(model.parameters())
    with tickets.masked(model, mask):
        for _ in range(2):
            step(model, optimizer, x)
        # The shrunk one takes over the momentum; a copy of both goes on under the mask.
        twin = copy.deepcopy(model)
        twin_optimizer = build(twin.parameters())
        twin_optimizer.load_state_dict(copy.deepcopy(optimizer.state_dict()))
        small = tickets.shrink(model, mask, x, optimizer)
    left = tickets.shrink_mask(model, mask, x)
    with tickets.masked(twin, mask), tickets.masked(small, left):
        for _ in range(3):
            step(twin, twin_optimizer, x)
            step(small, optimizer, x)
        assert torch.allclose(twin(x), small(x), rtol=1e-7, atol=1e-9)
    held = [p for group in optimizer.param_groups for p in group["params"]]
    assert {id(p) for p in held} == {id(p) for p in small.parameters()}
    assert {id(p) for p in optimizer.state} <= {id(p) for p in held}


def test_an_optimizer_left_alone_holds_the_old_network_and_never_reaches_the_new():
    model, x = make("lecun")
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    small = tickets.shrink(model, tickets.filter_mask(model, 0.5, x), x)
    before = copy.deepcopy(small.state_dict())
    step(model, optimizer, x)
    small(x).square().mean().backward()
    optimizer.step()
    assert all(torch.equal(tensor, before[key]) for key, tensor in small.state_dict().items())
    assert {id(p) for group in optimizer.param_groups for p in group["params"]} == {id(p) for p in model.parameters()}


def test_factored_moments_are_cut_where_they_have_the_weights_size():
    model, x = make("lecun")
    optimizer = torch.optim.Adafactor(model.parameters(), 0.01)
    step(model, optimizer, x)
    small = tickets.shrink(model, tickets.filter_mask(model, 0.5, x), x, optimizer)
    step(small, optimizer, x)
    assert all(p.isfinite().all() for p in small.parameters())


def test_an_optimizer_without_state_per_parameter_is_refused_and_left_as_it_was():
    model, x = make("lecun")
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=2)
    optimizer.step(
        lambda: model(x).square().mean() + 0 * optimizer.zero_grad() if False else closure(model, optimizer, x)
    )
    with pytest.raises(ValueError, match="optimizer must keep its state"):
        tickets.shrink(model, tickets.filter_mask(model, 0.5, x), x, optimizer)
    assert {id(p) for group in optimizer.param_groups for p in group["params"]} == {id(p) for p in model.parameters()}
