"""Searches: what each level starts from, what it is told, when it stops, what it refuses."""

import copy
import inspect

import numpy as np
import pytest
import torch
from find_case import STEPS, Trainer, network, search
from torch import nn

import rewire
from rewire.masks import select
from rewire.tickets import Phase, find, prunable
from rewire.tickets.find import find as find_function


def values_of(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def same(one, other) -> bool:
    return set(one) == set(other) and all(torch.equal(one[name], other[name]) for name in one)


class Recorder(Trainer):
    """Also keeps the values that each phase starts from and ends with."""

    def __init__(self, **options) -> None:
        super().__init__(**options)
        self.first, self.last = [], []

    def __call__(self, model: nn.Module, phase: Phase):
        self.first.append(values_of(model))
        report = super().__call__(model, phase)
        self.last.append(values_of(model))
        model.eval()  # as a training function that ends with an evaluation may leave it
        return report


def test_the_body_is_the_algorithm_box_in_twenty_lines():
    source = inspect.getsource(find_function)
    body = source.rpartition('"""')[2].strip().splitlines()
    assert len(body) <= 20


def test_every_level_starts_from_all_values_of_the_rewind_point_but_the_pruned_weights():
    trainer = Recorder()
    found, model = search(None, trainer)
    start = trainer.last[0]
    assert [phase.level for phase in trainer.phases] == [0, 0, 1, 2, 3]
    assert [(phase.start, phase.stop) for phase in trainer.phases] == [(0, 3)] + [(3, None)] * 4
    for level, first in zip(found.levels, trainer.first[1:], strict=True):
        expected = start | level.mask.apply({name: start[name] for name in level.mask})
        assert same(first, expected)  # biases and running statistics included
    assert not torch.equal(start["0.bias"], trainer.last[-1]["0.bias"])
    assert not torch.equal(start["1.running_mean"], trainer.last[-1]["1.running_mean"])
    assert same(found.start, start)
    assert same(values_of(model), trainer.last[-1])


def test_rewind_to_init_needs_no_phase_of_its_own():
    trainer, before = Recorder(), values_of(network())
    found, _ = search(None, trainer, rewind=0)
    assert [(phase.level, phase.start, phase.stop) for phase in trainer.phases] == [(i, 0, None) for i in range(4)]
    assert same(found.start, before)


def test_levels_keep_what_the_trained_magnitudes_say():
    trainer = Recorder()
    found, _ = search(None, trainer, keep={"0.*": 0.8, "*": 0.5})
    for level, following, last in zip(found.levels, found.levels[1:], trainer.last[1:]):
        scores = {name: last[name].abs() for name in level.mask}
        assert following.mask == select(scores, {"0.*": 0.8, "*": 0.5}, within=level.mask)
        assert not (following.mask - level.mask).kept
    assert [level.index for level in found.levels] == [0, 1, 2, 3]
    assert found.levels[1].mask.densities() == {"0.weight": 77 / 96, "4.weight": 0.5}
    assert found.levels[1].density == (77 + 24) / 144
    assert [level.report for level in found.levels] == [{"loss": pytest.approx(r.report["loss"])} for r in found.levels]


def test_data_order_and_dropout_are_rewound_and_the_callers_stream_goes_on():
    trainer = Recorder()
    search(None, trainer)
    orders = [[(s, b) for at, s, b in trainer.batches if at == level and s >= 3] for level in range(4)]
    assert orders[0] == orders[1] == orders[2] == orders[3]
    assert len(orders[0]) == STEPS - 3


def test_training_mode_is_rewound():
    modes = []

    def train(model: nn.Module, phase: Phase) -> None:
        modes.append(model.training)
        model.eval()
        with torch.no_grad():
            model[0].weight += 1

    find(network(), train, levels=2)
    assert modes == [True] * 3


@pytest.mark.parametrize("restart", ["rewind-rate", "fine-tune"])
def test_other_restarts_keep_the_trained_values(restart):
    trainer = Recorder()
    found, _ = search(None, trainer, restart=restart)
    for level, before, first in zip(found.levels[1:], trainer.last[1:], trainer.first[2:]):
        assert same(first, before | level.mask.apply({name: before[name] for name in level.mask}))
    assert [phase.fine_tune for phase in trainer.phases] == [False, False] + [restart == "fine-tune"] * 3
    assert {phase.start for phase in trainer.phases[1:]} == {3}


def test_one_shot_and_global_scope_and_ignored_layers():
    found, _ = search(None, levels=1, keep=0.25, scope="global", ignore="4.*")
    assert [list(level.mask) for level in found.levels] == [["0.weight"]] * 2
    assert found.ticket().mask.kept == 24


def test_an_emptied_layer_stops_the_search_at_the_last_sound_level_and_is_named():
    trainer = Recorder()
    found, model = search(None, trainer, levels=20, keep=0.2)
    assert found.stopped == "4.weight"
    assert [level.mask.kept for level in found.levels] == [144, 19 + 10, 4 + 2]
    assert same(values_of(model), trainer.last[-1])


def test_each_sees_every_level_after_its_training():
    trainer, seen = Recorder(), []
    found, _ = search(None, trainer, each=lambda level, model: seen.append((level, values_of(model))))
    assert [level for level, _ in seen] == found.levels
    assert all(same(values, last) for (_, values), last in zip(seen, trainer.last[1:], strict=True))


def test_a_criterion_gets_its_evidence_and_init_is_the_start_point():
    asked = []

    def both(init, final, gradient):
        return (init - final).abs() * gradient

    def evidence(model, names):
        asked.append(names)
        return {"gradient": {name: torch.ones_like(p) for name, p in model.named_parameters()}}

    trainer = Recorder()
    found, _ = search(None, trainer, criterion=both, evidence=evidence, levels=1)
    moved = {name: (found.start[name] - trainer.last[1][name]).abs() for name in found.levels[0].mask}
    assert found.levels[1].mask == select(moved, 0.5)
    assert asked == [("gradient",)]


def test_random_scores_follow_the_generator_alone():
    kept = []
    for seed in (0, 0, 1):
        generator = torch.Generator().manual_seed(seed)
        kept.append(search(None, criterion="random", generator=generator)[0].ticket().mask)
    assert kept[0] == kept[1] != kept[2]


def test_odd_models_are_searched_under_their_own_names():
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 4)
            self.second.weight = self.first.weight
            self.register_buffer("count", torch.zeros((), dtype=torch.int64), persistent=False)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.count += 1
            return self.second(self.first(x))

    counts = []

    def train(model: nn.Module, phase: Phase) -> None:
        optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
        counts.append(inner.count.item())
        for _ in range(2):
            optimizer.zero_grad()
            model(torch.ones(2, 4, dtype=torch.bfloat16)).sum().backward()
            optimizer.step()

    inner = Shared().to(torch.bfloat16)
    found = find(torch.compile(inner, backend="eager"), train, levels=2, keep=0.5)
    assert [list(level.mask) for level in found.levels] == [["first.weight"]] * 3
    assert counts == [0, 0, 0]  # a buffer outside the state dict is rewound too
    assert inner.first.weight.count_nonzero() <= 4


def idle(model: nn.Module, phase: Phase) -> None:
    pass


def diverge(model: nn.Module, phase: Phase) -> None:
    with torch.no_grad():
        model[4].weight[0, 0] = torch.nan


def poisoned() -> nn.Module:
    model = network()
    diverge(model, Phase(0, 0))
    return model


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"keep": 1.5}, "keep must be in (0, 1]; got 1.5: it is the fraction kept"),
        ({"keep": 0}, "keep must be in (0, 1]; got 0"),
        ({"keep": {"0.*": 0.5}}, "keep must give a number for '4.weight'"),
        ({"keep": {"*": 0.5, "5.*": 0.9}}, "keep must be one of '0.weight', '4.weight'; got '5.*'"),
        ({"scope": "network"}, "scope must be one of 'layer', 'global'; got 'network'"),
        ({"criterion": "magnitud"}, "did you mean 'magnitude'"),
        ({"criterion": "snip"}, "evidence must be a function of (model, names) that returns 'gradient', which 'snip'"),
        ({"levels": -1}, "levels must be a whole number from 0 up; got -1"),
        ({"levels": 2.5}, "levels must be a whole number from 0 up; got 2.5"),
        ({"rewind": -3}, "rewind must be a whole number from 0 up; got -3"),
        ({"restart": "rewnd"}, "did you mean 'rewind'"),
        ({"ignore": ["fc*"]}, "ignore must be one of"),
        ({"model": poisoned()}, "model must hold numbers to start from; got NaN in '4.weight'"),
    ],
)
def test_bad_arguments_are_refused_before_any_training(options, message):
    def train(model: nn.Module, phase: Phase) -> None:
        raise AssertionError

    with pytest.raises(ValueError) as error:
        find(options.pop("model", network()), train, **{"levels": 1} | options)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"train": None}, "train must be a function; got None"),
        ({"each": 3}, "each must be a function; got 3"),
        ({"evidence": {}, "criterion": "snip"}, "evidence must be a function; got {}"),
        ({"generator": 3}, "generator must be a torch.Generator or None; got 3"),
        ({"ignore": None}, "ignore must be glob patterns of names; got None"),
        ({"ignore": ["0.*", 4]}, "ignore must be glob patterns of names; got ['0.*', 4]"),
        ({"criterion": torch.abs}, "criterion must name its evidence in its parameters; got 'abs'"),
    ],
)
def test_arguments_of_other_types_are_refused_before_any_training(options, message):
    def train(model: nn.Module, phase: Phase) -> None:
        raise AssertionError

    with pytest.raises(TypeError) as error:
        find(network(), options.pop("train", train), levels=1, **options)
    assert message in str(error.value)


@pytest.mark.parametrize("returned", [None, [1], {"gradient": None}, {"gradient": torch.ones(2)}])
def test_evidence_that_is_no_mapping_is_told(returned):
    with pytest.raises(TypeError, match=r"evidence must return {kind: {weight: tensor}}; got another type"):
        find(network(), idle, levels=1, criterion="snip", evidence=lambda model, names: returned)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"train": diverge}, "train must leave numbers after level 0; got NaN in '4.weight'"),
        ({"train": diverge, "rewind": 5}, "train must leave numbers after 5 steps; got NaN in '4.weight'"),
        ({"train": Trainer(), "rewind": STEPS}, "rewind must come before the end of training; got 12, after which"),
        (
            {"criterion": "snip", "evidence": lambda model, names: {"gradient": {}}},
            "evidence must return 'gradient' of every prunable weight; got none of '0.weight'",
        ),
    ],
)
def test_what_only_training_shows_is_told_in_one_line(options, message):
    with pytest.raises(ValueError) as error:
        find(network(), options.pop("train", idle), levels=1, **options)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_pruning_before_training_needs_a_training_function_that_leaves_level_0_alone():
    found = find(network(), idle, levels=1, keep=0.5)
    expected = select({name: p.abs() for name, p in prunable(network()).items()}, 0.5)
    assert found.ticket().mask == expected


def test_tickets_of_all_levels():
    found, _ = search(None)
    ticket = found.ticket(1)
    assert ticket.mask == found.levels[1].mask
    assert ticket.provenance["level"] == 1
    assert ticket.provenance["criterion"] == "magnitude"
    model = ticket.apply(network(seed=9))
    assert all(torch.equal(p != 0, ticket.mask[name]) for name, p in prunable(model).items())
    with pytest.raises(IndexError, match="index must be that of a level, 0 to 3; got 4"):
        found.ticket(4)


def test_training_the_ticket_anew_gives_the_level_again():
    found, model = search(None, rewind=0)
    ticket = found.ticket()
    fresh = ticket.apply(network(seed=9))
    torch.manual_seed(0)
    network()  # the stream where the search found it
    with rewire.tickets.masked(fresh, ticket.mask):
        Trainer()(fresh, Phase(3, 0))
    assert same(values_of(fresh), values_of(model))


def test_the_model_given_is_not_copied():
    model = network()
    before = copy.copy(dict(model.named_parameters()))
    find(model, Trainer(), levels=1)
    assert all(before[name] is parameter for name, parameter in model.named_parameters())


def test_numbers_of_numpy_are_numbers(tmp_path):
    found, _ = search(tmp_path / "search", keep={"*": np.float32(0.5)}, levels=1)
    assert found.ticket().provenance["keep"] == {"*": 0.5}
    found, _ = search(tmp_path / "another", levels=np.int64(1), rewind=np.int64(2), sparse_below=np.float32(0.5))
    assert (len(found.levels), found.ticket().provenance["rewind"]) == (2, 2)
