"""The training function of ticket recipes: what it reports, what the artefacts change, how it goes on after a kill."""

from dataclasses import replace

import pytest
import torch
from search_case import TINY, Killed, dying

from rewire.experiments.tickets.shared.config import popular_repository
from rewire.experiments.tickets.shared.data import load
from rewire.experiments.tickets.shared.networks import build
from rewire.experiments.tickets.shared.trainer import optimizer, report, train
from rewire.tickets import Phase
from rewire.training import Streams, evaluate

DATA = load(TINY, seed=0)
DENSE = Phase(0, 0)


def fresh(config=TINY):
    return build(config, DATA.task.test[:1][0], Streams(0))


def look(split, step, accuracy, loss=1.0):
    return {"split": split, "step": step, "accuracy": accuracy, "loss": loss}


def test_the_report_is_that_of_the_model_as_it_ends():
    model = fresh()
    found = train(model, DENSE, config=TINY, data=DATA, seed=0)
    assert found["steps"] == 6
    assert {name: found[name] for name in ("accuracy", "loss")} == evaluate(model, DATA.task)
    assert [(row["step"], row["split"]) for row in found["curve"]] == [
        *((3, "validation"), (3, "test")),
        *((6, "validation"), (6, "test")),
    ]


def test_validation_can_be_looked_at_more_often_than_the_test_set():
    found = train(fresh(), DENSE, config=replace(TINY, evaluate_every=2), data=DATA, seed=0)
    looks = {
        split: [row["step"] for row in found["curve"] if row["split"] == split] for split in ("validation", "test")
    }
    assert looks == {"validation": [2, 3, 4, 6], "test": [3, 6]}


def test_early_stop_is_the_first_least_validation_loss_and_the_best_epoch_is_one():
    rows = [
        *(look("validation", 2, 0.1, loss=0.5), look("validation", 3, 0.1, loss=0.4), look("test", 3, 0.9)),
        *(look("validation", 4, 0.1, loss=0.4), look("validation", 6, 0.1, loss=0.6), look("test", 6, 0.8)),
        look("test", 7, 0.95),
    ]
    found = report(rows, epoch=3)
    assert (found["early_stop"], found["validation_loss"], found["early_accuracy"]) == (3, 0.4, 0.9)
    assert (found["accuracy"], found["best_accuracy"], found["steps"]) == (0.95, 0.9, 7)


def test_two_phases_are_one_training_as_far_as_the_data_goes():
    config = replace(TINY, optimizer="sgd", lr=0.1)  # without momentum, a fresh optimizer changes nothing
    whole, parted = fresh(config), fresh(config)
    train(whole, DENSE, config=config, data=DATA, seed=0)
    for phase in (Phase(0, 0, 4), Phase(0, 4)):
        train(parted, phase, config=config, data=DATA, seed=0)
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), parted.parameters(), strict=True))


@pytest.mark.parametrize("batches", [0, 3, 5])
def test_a_killed_phase_ends_as_one_that_was_not(tmp_path, batches):
    whole, killed = fresh(), fresh()
    first = train(whole, Phase(0, 0, None, tmp_path / "a"), config=TINY, data=DATA, seed=0)
    where = Phase(0, 0, None, tmp_path / "b")
    with pytest.raises(Killed):
        train(killed, where, config=TINY, data=dying(DATA, batches), seed=0, checkpoint_every=0)
    again = fresh()
    assert train(again, where, config=TINY, data=DATA, seed=0, checkpoint_every=0) == first
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), again.parameters(), strict=True))


def test_frozen_negatives_stay_where_only_decay_moves_them():
    config = replace(popular_repository(TINY), weight_decay=0.0)
    model = fresh(config)
    before = model[1].weight.detach().clone()
    train(model, DENSE, config=config, data=DATA, seed=0)
    negative = before < 1e-6
    assert torch.equal(model[1].weight[negative], before[negative])
    assert not torch.equal(model[1].weight, before)


@pytest.mark.parametrize(("biases", "std"), [("zero", 0.0), ("normal", 1.0), ("uniform", 0.07)])
def test_biases_start_as_named(biases, std):
    assert fresh(replace(TINY, biases=biases))[1].bias.std().item() == pytest.approx(std, rel=0.3)


def test_weights_start_as_named():
    glorot, kaiming = (fresh(replace(TINY, init=init))[1].weight for init in ("glorot normal", "kaiming uniform"))
    assert glorot.std().item() == pytest.approx((2 / 364) ** 0.5, rel=0.05)
    assert kaiming.abs().max().item() <= 1 / 8


@pytest.mark.parametrize("name", ["model", "init", "biases"])
def test_an_unknown_network_or_beginning_is_refused(name):
    with pytest.raises(ValueError, match=f"{name} must be one of"):
        fresh(replace(TINY, **{name: "nonsense"}))


def test_an_unknown_optimizer_is_refused():
    with pytest.raises(ValueError, match="optimizer must be one of 'adam', 'sgd'; got 'adams'"):
        optimizer(replace(TINY, optimizer="adams"), fresh().parameters())


@pytest.mark.parametrize("model", ["mlp", "lenet5", "conv2"])
def test_every_network_takes_its_images(model):
    config = replace(TINY, model=model)
    x = load(config, seed=0).task.test[:2][0]
    assert build(config, x, Streams(0))(x).shape == (2, 10)
