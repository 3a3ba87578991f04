"""Training under a mask: what is off stays exactly zero, weights and optimizer state alike, whatever does the steps."""

import copy
import warnings

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

import rewire
from rewire.tickets import frozen_negatives, masked, prunable, sparse

OPTIMIZERS = {
    "SGD": lambda p: torch.optim.SGD(p, lr=0.05),
    "SGD momentum": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, weight_decay=0.1),
    "SGD nesterov": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True, foreach=True),
    "SGD fused": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, fused=True),
    "Adam": lambda p: torch.optim.Adam(p, lr=0.01, weight_decay=0.1),
    "Adam fused": lambda p: torch.optim.Adam(p, lr=0.01, weight_decay=0.1, fused=True),
    "Adam foreach": lambda p: torch.optim.Adam(p, lr=0.01, foreach=True, amsgrad=True),
    "AdamW": lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1),
    "AdamW maximize": lambda p: torch.optim.AdamW(p, lr=0.01, maximize=True),
    "Adagrad": lambda p: torch.optim.Adagrad(p, lr=0.05, initial_accumulator_value=0.1),
    "Adadelta": lambda p: torch.optim.Adadelta(p, lr=1.0, weight_decay=0.1),
    "RMSprop": lambda p: torch.optim.RMSprop(p, lr=0.01, centered=True, momentum=0.9, weight_decay=0.1),
    "NAdam": lambda p: torch.optim.NAdam(p, lr=0.01, weight_decay=0.1),
    "RAdam": lambda p: torch.optim.RAdam(p, lr=0.01, weight_decay=0.1),
    "Rprop": lambda p: torch.optim.Rprop(p, lr=0.01),
    "Adamax": lambda p: torch.optim.Adamax(p, lr=0.01, weight_decay=0.1),
    "ASGD": lambda p: torch.optim.ASGD(p, lr=0.05, weight_decay=0.1, t0=1),
    "Adafactor": lambda p: torch.optim.Adafactor(p, lr=0.01, weight_decay=0.1),
    "Muon": lambda p: torch.optim.Muon([q for q in p if q.ndim == 2], lr=0.01, weight_decay=0.1),
    "LBFGS": lambda p: torch.optim.LBFGS(p, lr=0.1, max_iter=3),
}
AVAILABLE = [name for name in OPTIMIZERS if hasattr(torch.optim, name.split()[0])]


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.BatchNorm1d(8), nn.Linear(8, 3))


def random_mask(model: nn.Module, keep: float = 0.4, seed: int = 1) -> rewire.Mask:
    generator = torch.Generator().manual_seed(seed)
    return rewire.Mask({name: torch.rand(p.shape, generator=generator) < keep for name, p in prunable(model).items()})


def loss_of(model: nn.Module, seed: int = 2) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    x, y = torch.randn(16, 6, generator=generator), torch.randint(3, (16,), generator=generator)
    return F.cross_entropy(model(x), y)


def step(model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = loss_of(model)
        loss.backward()
        return loss

    optimizer.step(closure)


def off_entries(model: nn.Module, mask: rewire.Mask, optimizer: torch.optim.Optimizer) -> torch.Tensor:
    """Weights off the mask, and all state of their shape there, in one flat tensor."""
    found = [torch.empty(0)]
    for name, parameter in prunable(model).items():
        states = optimizer.state[parameter].values() if parameter in optimizer.state else ()
        alike = [s for s in states if isinstance(s, torch.Tensor) and s.shape == parameter.shape]
        found += [t.detach()[~mask[name]] for t in (parameter, *alike)]
    return torch.cat(found)


def assert_zero(tensor: torch.Tensor) -> None:
    assert tensor.numel()
    assert not tensor.view(torch.int32).any()  # not even -0, whose sign would cost a bit


@pytest.mark.parametrize("name", AVAILABLE)
def test_off_weights_and_state_are_exactly_zero_and_the_others_train(name):
    model = network()
    mask, optimizer = random_mask(model), OPTIMIZERS[name](list(model.parameters()))
    with masked(model, mask):
        before = copy.deepcopy(model)
        for _ in range(5):
            step(model, optimizer)
            assert_zero(off_entries(model, mask, optimizer))
    for name_, parameter in prunable(model).items():
        moved = parameter[mask[name_]] != dict(before.named_parameters())[name_][mask[name_]]
        assert moved.float().mean() > 0.8  # but for a unit that is cut off


@pytest.mark.parametrize("name", [name for name in AVAILABLE if name != "LBFGS"])
def test_momentum_of_a_dense_past_is_forgotten_off_the_mask_and_kept_on_it(name):
    model = network()
    mask, optimizer = random_mask(model), OPTIMIZERS[name](list(model.parameters()))
    for _ in range(3):
        step(model, optimizer)
    states = copy.deepcopy(optimizer.state_dict())
    with masked(model, mask):
        step(model, optimizer)
        assert_zero(off_entries(model, mask, optimizer))
        optimizer.load_state_dict(states)  # a dense state again, as of a checkpoint from before
        step(model, optimizer)
        assert_zero(off_entries(model, mask, optimizer))


@pytest.mark.parametrize("name", ["SGD momentum", "Adam", "AdamW", "RMSprop"])
def test_equal_to_the_mask_multiplied_in_the_model(name):
    plain, model = network(), network()
    mask = random_mask(model)
    with torch.no_grad():
        for key, parameter in prunable(plain).items():
            parameter.mul_(mask[key])
    reference, optimizer = (OPTIMIZERS[name](list(m.parameters())) for m in (plain, model))
    with masked(model, mask):
        for _ in range(5):
            step(model, optimizer)
            reference.zero_grad()
            weights = {key: p * mask[key] for key, p in prunable(plain).items()}
            loss_of(lambda x, w=weights: torch.func.functional_call(plain, w, (x,))).backward()
            reference.step()
    for a, b in zip(model.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_the_model_stays_plain():
    model = network()
    keys = list(model.state_dict())
    with masked(model, random_mask(model)) as same:
        assert same is model
        assert list(model.state_dict()) == keys
        assert all(type(p) is nn.Parameter for p in model.parameters())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    step(model, optimizer)
    assert all(p.count_nonzero() > 0.8 * p.numel() for p in prunable(model).values())  # the hooks are gone


def test_accumulated_gradients_without_none_are_masked_and_clipped_by_their_own_norm():
    model = network()
    mask, optimizer = random_mask(model), torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    with masked(model, mask):
        for _ in range(3):
            optimizer.zero_grad(set_to_none=False)
            for seed in range(3):
                (loss_of(model, seed) / 3).backward()
            norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1e-3)
            on = [p.grad[mask[n]] if n in mask else p.grad.flatten() for n, p in model.named_parameters()]
            assert torch.cat(on).norm() == pytest.approx(min(norm, 1e-3), rel=1e-3)
            assert_zero(torch.cat([p.grad[~mask[n]] for n, p in prunable(model).items()]))
            optimizer.step()
            assert_zero(off_entries(model, mask, optimizer))


def test_gradients_written_by_hand_are_masked_before_the_step():
    model = network()
    mask, optimizer = random_mask(model), torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    with masked(model, mask):
        for _ in range(2):
            for parameter in model.parameters():
                parameter.grad = torch.full_like(parameter, torch.inf if parameter.ndim == 2 else 1)
            optimizer.step()
            assert_zero(off_entries(model, mask, optimizer))


def test_grad_scaler():
    model = network()
    mask, optimizer = random_mask(model), torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    scaler = torch.amp.GradScaler("cpu")
    with masked(model, mask):
        for _ in range(3):
            optimizer.zero_grad()
            with torch.autocast("cpu", torch.bfloat16):
                loss = loss_of(model)
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
            assert_zero(off_entries(model, mask, optimizer))
    assert len(optimizer.state)


def test_a_compiled_model():
    model = network()
    compiled = torch.compile(model, backend="aot_eager")
    mask, optimizer = random_mask(compiled), torch.optim.Adam(compiled.parameters(), lr=0.1)
    assert list(mask) == list(prunable(model))
    with masked(compiled, mask):
        for _ in range(3):
            step(compiled, optimizer)
            assert_zero(off_entries(model, mask, optimizer))


def test_a_ddp_model(tmp_path):
    torch.distributed.init_process_group("gloo", init_method=f"file://{tmp_path / 'store'}", rank=0, world_size=1)
    try:
        for view in (False, True):
            model = network()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                wrapped = nn.parallel.DistributedDataParallel(model, gradient_as_bucket_view=view)
                mask, optimizer = random_mask(wrapped), torch.optim.Adam(wrapped.parameters(), lr=0.1)
                with masked(wrapped, mask):
                    for _ in range(3):
                        step(wrapped, optimizer)
                        assert_zero(off_entries(model, mask, optimizer))
    finally:
        torch.distributed.destroy_process_group()


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encode, self.middle, self.decode = nn.Embedding(6, 4), nn.Linear(4, 4), nn.Linear(4, 6, bias=False)
        self.decode.weight = self.encode.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.decode(self.middle(self.encode(x.argmax(-1))))


def test_tied_weights_have_one_mask_under_either_name():
    for name in ("encode.weight", "decode.weight"):
        model = Tied()
        on = torch.rand(6, 4) < 0.5
        optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
        with masked(model, {name: on}):
            for _ in range(3):
                step(model, optimizer)
                assert_zero(model.encode.weight.detach()[~on])
        assert model.decode.weight is model.encode.weight
    both = {"encode.weight": on, "decode.weight": on.clone()}  # as from_prune finds it
    with masked(model, both):
        assert_zero(model.encode.weight.detach()[~on])
    with (
        pytest.raises(ValueError, match=r"'decode.weight' and 'encode.weight' differ"),
        masked(model, both | {"decode.weight": ~on}),
    ):
        pass


def test_two_models_are_masked_at_once_and_end_in_any_order():
    models = [network(), network()]
    masks = [random_mask(model, seed=seed) for seed, model in enumerate(models)]
    optimizers = [torch.optim.Adam(model.parameters(), lr=0.1) for model in models]
    contexts = [masked(model, mask) for model, mask in zip(models, masks)]
    for context in contexts:
        context.__enter__()
    for model, mask, optimizer in zip(models, masks, optimizers):
        step(model, optimizer)
        assert_zero(off_entries(model, mask, optimizer))
    contexts[0].__exit__(None, None, None)
    for model, optimizer in zip(models, optimizers):
        step(model, optimizer)
    assert off_entries(models[0], masks[0], optimizers[0]).count_nonzero() > 80
    assert_zero(off_entries(models[1], masks[1], optimizers[1]))
    contexts[1].__exit__(None, None, None)


def test_one_optimizer_of_two_masked_models_and_an_unmasked_one():
    models = [network() for _ in range(3)]
    optimizer = torch.optim.Adam([p for model in models for p in model.parameters()], lr=0.1)
    masks = [random_mask(model, seed=seed) for seed, model in enumerate(models)]
    with masked(models[0], masks[0]), masked(models[1], masks[1]):
        optimizer.zero_grad()
        sum(loss_of(model) for model in models).backward()
        optimizer.step()
        for model, mask in zip(models[:2], masks):
            assert_zero(off_entries(model, mask, optimizer))
    assert all(p.all() for p in prunable(models[2]).values())


def test_nested_and_used_contexts_are_refused():
    model = network()
    mask = random_mask(model)
    context = masked(model, mask)
    with context, pytest.raises(ValueError, match=r"must not be masked already; 'weight' is: intersect"):
        masked(model[0], {"weight": mask["0.weight"]}).__enter__()
    with pytest.raises(AttributeError), context:
        pass
    with masked(copy.deepcopy(model), mask), masked(model, mask):  # a copy is another model
        pass


def test_an_exception_leaves_no_hooks_behind():
    model = network()
    mask = random_mask(model)
    with pytest.raises(ZeroDivisionError), masked(model, mask):
        raise ZeroDivisionError
    with masked(model, mask):  # not masked already
        pass
    loss_of(model).backward()
    assert all(p.grad.count_nonzero() > 0.5 * p.numel() for p in prunable(model).values())


def test_a_model_that_changes_its_dtype_or_its_values_meanwhile_stays_masked():
    model = network()
    mask = random_mask(model)
    dense = copy.deepcopy(model.state_dict())
    with masked(model, mask):
        model.double()
        model.load_state_dict(dense)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
        optimizer.zero_grad()
        model(torch.randn(4, 6, dtype=torch.float64)).square().sum().backward()
        optimizer.step()
        assert not off_entries(model.float(), mask, optimizer).any()
        model.load_state_dict(dense)
    assert all(not p[~mask[name]].any() for name, p in prunable(model).items())


def test_a_replaced_parameter_is_told():
    model = network()
    with pytest.raises(RuntimeError, match=r"'0.weight' was replaced"), masked(model, random_mask(model)):
        model[0].weight = nn.Parameter(torch.ones(8, 6))


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        ({"0.wieght": torch.ones(8, 6) > 0}, "did you mean '0.weight'"),
        ({"0.weight": torch.ones(6, 8) > 0}, r"mask of '0.weight' must be of shape \[8, 6\], as in the model; got"),
    ],
)
def test_a_mask_of_another_model_is_refused(mask, message):
    model = network()
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(ValueError, match=message) as error:
        masked(model, mask).__enter__()
    assert "\n" not in str(error.value)
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_other_precisions(dtype):
    layer = nn.Linear(6, 3).to(dtype)
    on = torch.rand(3, 6) < 0.5
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1, momentum=0.9)
    with masked(layer, {"weight": on}):
        for _ in range(3):
            layer(torch.randn(4, 6, dtype=dtype)).float().square().sum().backward()
            optimizer.step()
    assert not layer.weight.detach()[~on].any()
    assert not optimizer.state[layer.weight]["momentum_buffer"][~on].any()


def test_biases_vectors_frozen_and_channels_last_weights_can_be_masked():
    model = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3)).to(memory_format=torch.channels_last)
    model[1].weight.requires_grad_(False)
    mask = {name: torch.rand(p.shape) < 0.5 for name, p in model.named_parameters()}
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1, fused=True)
    with masked(model, mask):
        for _ in range(2):
            model(torch.randn(4, 2, 8, 8)).square().sum().backward()
            optimizer.step()
    assert all(not p.detach()[~mask[name]].any() for name, p in model.named_parameters())
    assert model[0].weight.is_contiguous(memory_format=torch.channels_last)


def test_sparse_gradients_of_an_embedding():
    layer = nn.Embedding(5, 3, sparse=True)
    on = torch.rand(5, 3) < 0.5
    optimizer = torch.optim.SparseAdam(layer.parameters(), lr=0.1)
    with masked(layer, {"weight": on}):
        for _ in range(3):
            optimizer.zero_grad()
            layer(torch.tensor([1, 1, 4])).sum().backward()
            optimizer.step()
    assert not layer.weight.detach()[~on].any()
    assert not optimizer.state[layer.weight]["exp_avg"][~on].any()
    assert layer.weight[on].all()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31), keep=st.floats(0, 1), name=st.sampled_from(AVAILABLE), nan=st.booleans())
def test_any_mask_any_optimizer_even_with_nan_in_the_gradient(seed, keep, name, nan):
    model = network()
    mask = random_mask(model, keep, seed)
    optimizer = OPTIMIZERS[name](list(model.parameters()))
    with masked(model, mask):
        for _ in range(2):
            if nan and name != "LBFGS":
                for parameter in model.parameters():
                    parameter.grad = torch.full_like(parameter, torch.nan)
                optimizer.step()
            else:
                step(model, optimizer)
    assert not off_entries(model, mask, optimizer).view(torch.int32).any()


def test_frozen_negatives_stops_the_gradient_of_negative_weights_only_within():
    model = network()
    negative = {name: p.detach() < 1e-6 for name, p in prunable(model).items()}
    with frozen_negatives(model):
        loss_of(model).backward()
    for name, parameter in model.named_parameters():
        if name in negative:
            assert not parameter.grad[negative[name]].any()
            assert parameter.grad[~negative[name]].all()
        else:
            assert parameter.grad.any()  # biases are not frozen there either
    model.zero_grad()
    loss_of(model).backward()
    assert all(parameter.grad[negative[name]].any() for name, parameter in prunable(model).items())


def test_frozen_negatives_refuses_sparse_layers():
    layer = nn.Sequential(nn.Linear(20, 4), nn.Linear(4, 2))
    on = torch.arange(80).view(4, 20) % 20 == 0
    with sparse(layer, {"0.weight": on}, below=0.5), pytest.raises(ValueError, match="model must be dense"):
        frozen_negatives(layer).__enter__()
