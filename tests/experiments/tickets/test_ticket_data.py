"""Splits of the images: disjoint, of the asked sizes, another for each seed."""

from dataclasses import replace

import pytest
import torch
from search_case import TINY

from rewire.experiments.tickets.shared.data import load

ALL = replace(TINY, train_images=0)


def rows(examples):
    return set(examples.rows.tolist())


def test_validation_images_are_never_trained_on():
    data = load(ALL, seed=0)
    assert data.validation is not None
    train, held = rows(data.task.train), rows(data.validation.test)
    assert (len(train), len(held), train & held) == (1342, 100, set())
    assert len(data.task.test) == 355


def test_halves_are_disjoint_and_share_the_validation_images():
    first, second = (load(replace(ALL, half=half), seed=0) for half in (1, 2))
    assert rows(first.task.train) | rows(second.task.train) == rows(load(ALL, seed=0).task.train)
    assert not rows(first.task.train) & rows(second.task.train)
    assert rows(first.validation.test) == rows(second.validation.test)
    assert first.task.name != second.task.name


def test_labels_choose_in_every_split():
    data = load(replace(ALL, labels=(1, 7)), seed=0)
    for examples in (data.task.train, data.task.test, data.validation.test):
        assert examples.targets.unique().tolist() == [1, 7]


def test_a_seed_is_a_split():
    assert rows(load(TINY, seed=0).task.train) == rows(load(TINY, seed=0).task.train)
    assert rows(load(TINY, seed=0).task.train) != rows(load(TINY, seed=1).task.train)


def test_without_validation_images_there_is_no_such_task():
    data = load(replace(ALL, validation=0), seed=0)
    assert data.validation is None
    assert len(data.task.train) == 1442


def test_nothing_left_to_train_on_is_refused():
    with pytest.raises(ValueError, match="validation must leave images to train on; got 2000"):
        load(replace(ALL, validation=2000), seed=0)


def test_convolutions_see_larger_images():
    assert load(replace(TINY, model="lenet5"), seed=0).task.test[:1][0].shape == torch.Size([1, 1, 28, 28])
    assert load(TINY, seed=0).task.test[:1][0].shape == torch.Size([1, 1, 8, 8])
