"""A search whose sparse levels train sparse layers: the same tickets, resumed to the same bits."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from rewire.tickets import find


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(40, 30), nn.Tanh(), nn.Linear(30, 20), nn.ReLU(), nn.Linear(20, 3))


def step_once(model, step, optimizer):
    generator = torch.Generator().manual_seed(step)
    x, y = torch.randn(16, 40, generator=generator), torch.randint(3, (16,), generator=generator)
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()


def search(directory=None, sparse_below=None, stop_at=None):
    """A search of three prunings; stop_at=(level, step) fails there once, as a killed run would."""
    model = network()

    def learn(model, phase):
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        saved = phase.directory / "state.pt" if phase.directory else None
        done = 0
        if saved and saved.exists():
            state = torch.load(saved)
            model.load_state_dict(state["model"])
            optimizer.load_state_dict(state["optimizer"])
            done = state["step"]
        for step in range(done, 12):
            step_once(model, step, optimizer)
            if saved:
                state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step + 1}
                torch.save(state, saved)
            if stop_at == (phase.level, step):
                raise KeyboardInterrupt
        return sorted({type(module).__name__ for module in model if hasattr(module, "weight")})

    found = find(model, learn, levels=3, keep=0.4, directory=directory, sparse_below=sparse_below)
    return model, found


def test_a_search_turns_sparse_below_the_density():
    (ours, found), (theirs, reference) = search(sparse_below=0.1), search()
    assert ["SparseLinear" in level.report for level in found.levels] == [False, False, False, True]
    assert [level.density for level in found.levels] == [level.density for level in reference.levels]
    assert type(ours[0]) is nn.Linear
    for a, b in zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4)


def test_a_search_killed_in_a_sparse_level_resumes_to_the_same_bits(tmp_path):
    model, _ = search(tmp_path / "whole", 0.5)
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path / "killed", 0.5, stop_at=(2, 7))
    resumed, _ = search(tmp_path / "killed", 0.5)
    assert all(torch.equal(value, resumed.state_dict()[name]) for name, value in model.state_dict().items())
    with pytest.raises(ValueError, match=r"sparse_below was 0\.5; got None"):
        search(tmp_path / "killed")


def test_a_search_refuses_a_bad_density_at_once():
    with pytest.raises(ValueError, match="sparse_below must be in"):
        find(network(), lambda model, phase: pytest.fail("trained"), levels=1, sparse_below=2)
