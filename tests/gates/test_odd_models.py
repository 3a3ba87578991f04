"""Models that are unusual in some way: their dtype, size, wrapping, buffers, optimizers, inputs and outputs."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize
from zoo import TASKS, First, gated_example, outputs, same, snapshot

import rewire
from rewire.gates import Hard, PerTask, Sigmoid, masks, scores, values
from rewire.gates.parts import gates


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("switch", [Sigmoid(std=1.0), Hard(mean=0.0, std=1.0)])
def test_other_precisions(dtype, switch, tmp_path):
    model = rewire.gate(nn.Linear(4, 3).to(dtype), TASKS, switch)
    x = torch.randn(5, 4, dtype=dtype)
    assert {tensor.dtype for tensor in model.state_dict().values()} == {dtype}
    rewire.add_task(model, "mixture", {"day": 3.0, "night": -2.0})
    assert all(score.isfinite().all() for score in scores(model, "mixture").values())
    assert all(0 <= mask.min() <= mask.max() <= 1 for mask in masks(model, "mixture").values())
    before = outputs(model, x)
    model(x).float().square().sum().backward()
    assert all(score.grad.dtype == dtype for score in scores(model, rewire.active_task(model)).values())
    rewire.save(model, tmp_path)
    assert same(outputs(rewire.load(nn.Linear(4, 3).to(dtype), tmp_path), x), before)
    assert rewire.merge(model, "day").weight.dtype == dtype


def test_moving_to_half_and_back_keeps_which_weights_are_on():
    model, _ = gated_example("MLP", "hard")
    before = masks(model, "night")
    assert same(masks(model.half().float(), "night"), before)
    assert model[0].weight.dtype == torch.float32


def test_scores_follow_the_model_to_another_device():
    model, _ = gated_example("BatchNorm")
    model.to("meta")
    assert {t.device.type for t in (*model.parameters(), *model.buffers())} == {"meta"}
    assert all(gate.active.is_meta and gate.active is gate.score(gate.task) for gate in gates(model).values())
    on_meta = rewire.gate(nn.Linear(4, 3, device="meta"), ["a"], Sigmoid(std=1.0))
    assert on_meta(torch.zeros(2, 4, device="meta")).shape == (2, 3)


@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
def test_tensors_without_elements(tmp_path):
    model = rewire.gate(nn.Linear(0, 3), ["a", "b"], Sigmoid(std=1.0))
    assert model(torch.zeros(2, 0)).shape == (2, 3)
    assert rewire.gates.usage(model)[0]["on"] == 0
    assert rewire.gates.overlap(model)["weight"].tolist() == [[1, 1], [1, 1]]
    rewire.binarize(model)
    rewire.save(model, tmp_path)
    assert [row["density"] for row in rewire.gates.describe(tmp_path)][:2] == [0, 0]
    assert same(outputs(rewire.load(nn.Linear(0, 3), tmp_path), torch.zeros(2, 0)), outputs(model, torch.zeros(2, 0)))


class Wrapped(nn.Module):
    """Passes everything on to `module`, as DataParallel and DistributedDataParallel do."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, *args):
        return self.module(*args)


def test_a_wrapped_model_is_gated_switched_and_merged_through_its_wrapper():
    model, x = gated_example("MLP")
    wrapped = Wrapped(model)
    assert same(outputs(wrapped, x), outputs(model, x))
    merged = rewire.merge(wrapped, "dusk")
    assert isinstance(merged, Wrapped)
    assert torch.equal(merged(x), outputs(model, x)["dusk"])
    outside = rewire.gate(Wrapped(nn.Linear(2, 2)), ["a"])
    assert set(values(outside)) == {"module.weight", "module.bias"}


def test_parts_gated_apart_need_the_same_tasks():
    parts = [rewire.gate(nn.Linear(2, 2), tasks) for tasks in (["a", "b"], ["a", "b"], ["a"])]
    assert rewire.active_task(rewire.switch(nn.Sequential(*parts[:2]), "b")) == "b"
    with pytest.raises(ValueError, match="the same tasks in all its parts"):
        rewire.switch(nn.Sequential(*parts), "b")
    assert parts[2].parametrizations.weight[0].task == "a"


def test_an_optimizer_made_before_gating_goes_on_training_the_values():
    model = nn.Linear(3, 2)
    weight = model.weight
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    rewire.gate(model, ["a", "b"], preserve=True)
    assert values(model)["weight"] is weight
    before = weight.detach().clone()
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    torch.testing.assert_close(values(model)["weight"], before - 0.1 * 0.5 * torch.ones(2, 3))


class Buffers(nn.Module):
    """A non-persistent buffer, and one buffer in two modules."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Linear(2, 2)
        self.a, self.b = nn.BatchNorm1d(2), nn.BatchNorm1d(2)
        self.b.running_mean = self.a.running_mean
        self.register_buffer("scratch", torch.arange(2.0), persistent=False)

    def forward(self, x):
        return self.b(self.a(self.scale(x))) + self.scratch


def test_shared_and_passing_buffers_stay_so(tmp_path):
    model = rewire.gate(Buffers().train(), ["a", "b"])
    x = torch.randn(8, 2)
    rewire.switch(model, "b")(x)
    model.eval()
    assert gates(model)["a.running_mean"] is model.b.parametrizations.running_mean[0]
    rewire.save(model, tmp_path)
    assert not any("scratch" in path.read_bytes().decode("latin1") for path in tmp_path.iterdir())
    loaded = rewire.load(Buffers().eval(), tmp_path)
    assert same(outputs(loaded, x), outputs(model, x))
    merged = rewire.merge(model, "b")
    assert merged.a.running_mean is merged.b.running_mean
    assert "scratch" not in merged.state_dict()
    assert torch.equal(merged(x), outputs(model, x)["b"])


class Doubled(nn.Module):
    def forward(self, x):
        return 2 * x


def test_other_parametrizations_may_come_after_a_gate():
    model = rewire.gate(nn.Linear(4, 4), TASKS, Sigmoid(std=1.0), modules="weight")
    parametrize.register_parametrization(model, "weight", Doubled())
    parametrize.register_parametrization(model, "bias", Doubled())
    x = torch.ones(1, 4)
    merged = rewire.merge(model, "dusk")
    assert torch.equal(merged(x), outputs(model, x)["dusk"])
    assert parametrize.is_parametrized(merged, "bias")
    assert not parametrize.is_parametrized(merged, "weight")
    assert not any(isinstance(module, PerTask) for module in merged.modules())


def test_an_rnn_forgets_its_last_weights():
    model = rewire.gate(First(nn.GRU(2, 3, batch_first=True)), TASKS, Sigmoid(std=2.0))
    x = torch.randn(2, 4, 2)
    found = outputs(model, x)
    with rewire.cached(model):
        assert same(outputs(model, x), found)
        with rewire.cached(model):
            assert same(outputs(model, x), found)
        assert same(outputs(model, x), found)
    twin = copy.deepcopy(model.double().float())
    assert same(outputs(twin, x), found)
    merged = rewire.merge(twin, "dusk")
    assert all(a is b for a, b in zip(merged.inner._flat_weights, merged.inner.parameters(), strict=True))


def test_random_scores_come_from_the_generator_alone():
    def make(seed):
        return snapshot(
            rewire.gate(nn.Linear(2, 2), TASKS, Sigmoid(std=1.0), generator=torch.Generator().manual_seed(seed))
        )

    plain = nn.Linear(2, 2).state_dict()
    first, again, other = ({k: v for k, v in make(seed).items() if "original" not in k} for seed in (1, 1, 2))
    assert same(first, again)
    assert not same(first, other)
    state = torch.get_rng_state()
    model = nn.Linear(2, 2, device="meta").to_empty(device="cpu")
    model.load_state_dict(plain)
    rewire.add_task(rewire.gate(model, ["a"], Hard()), "b", generator=torch.Generator())
    assert torch.equal(torch.get_rng_state(), state)


def test_a_model_with_tasks_of_another_kind_is_no_plain_one():
    class Other(PerTask):
        def __init__(self):
            super().__init__()
            self.tasks, self.task, self.linear = ["a"], "a", nn.Linear(2, 2)

    with pytest.raises(ValueError, match="model must be plain"):
        rewire.gate(Other(), ["a"])


def test_extra_state_is_refused_by_save(tmp_path):
    class Extra(nn.Linear):
        def get_extra_state(self):
            return {"step": 1}

        def set_extra_state(self, state):
            raise AssertionError("never loaded")

    with pytest.raises(TypeError, match="'_extra_state' is of type dict"):
        rewire.save(rewire.gate(Extra(2, 2), ["a"]), tmp_path / "new")
    assert not (tmp_path / "new").exists()
