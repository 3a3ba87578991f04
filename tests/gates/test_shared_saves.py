"""Saves through wrappers, of models without numbers, and several at the same time in one folder."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn
from zoo import TASKS, example, gated_example, outputs, same

import rewire


@pytest.mark.parametrize(
    "wrap",
    [
        nn.DataParallel,
        lambda m: torch.compile(m, backend="eager"),
        lambda m: nn.DataParallel(torch.compile(m, backend="eager")),
    ],
)
def test_wrappers_leave_no_trace_in_a_save(wrap, tmp_path):
    model, x = gated_example("MLP")
    before = outputs(model, x)
    rewire.save(wrap(model), tmp_path)
    assert same(outputs(rewire.load(example("MLP", 1)[0], tmp_path), x), before)
    inner = example("MLP", 1)[0]
    wrapped = wrap(inner)
    assert rewire.load(wrapped, tmp_path) is wrapped
    assert same(outputs(inner, x), before)


def test_a_model_on_the_meta_device_has_nothing_to_save_and_no_place_to_load_into(tmp_path):
    model = rewire.gate(nn.Linear(2, 2, device="meta"), ["a"])
    with pytest.raises(ValueError, match="model must hold numbers; 'weight' is on the meta device"):
        rewire.save(model, tmp_path / "new")
    assert not (tmp_path / "new").exists()
    rewire.save(rewire.gate(nn.Linear(2, 2), ["a"]), tmp_path)
    with pytest.raises(ValueError, match=r"call model\.to_empty first"):
        rewire.load(model, tmp_path)


@pytest.mark.parametrize("models", [1, 4])
def test_saves_at_the_same_time_leave_one_whole_save(models, tmp_path):
    made = [gated_example("MLP", seed=seed)[0] for seed in range(models)]
    x = example("MLP")[1]
    expected = [outputs(model, x) for model in made]

    def save_and_load(turn: int) -> bool:
        rewire.save(made[turn % models], tmp_path)
        found = outputs(rewire.load(example("MLP", 9)[0], tmp_path), x)
        return any(same(found, each) for each in expected)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(save_and_load, range(24)))
    assert len(list(tmp_path.iterdir())) == 2 + len(TASKS)
