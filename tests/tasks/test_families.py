import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rewire.tasks import Examples, Images, coloured, halves, image_task, inverted, labels, load_images, permuted, plain
from rewire.tasks.transforms import unit

PRIMARIES = {"red": (1, 0, 0), "green": (0, 1, 0), "blue": (0, 0, 1)}
seeds = st.integers(0, 2**31)


@pytest.fixture(scope="module")
def digits() -> Images:
    return load_images("digits")


def tiny(n_train: int) -> Images:
    """Images whose only pixel is their number and whose label is that number modulo 3."""
    train, test = (
        Examples(torch.arange(n, dtype=torch.uint8).view(-1, 1, 1, 1), torch.arange(n) % 3) for n in (n_train, 6)
    )
    return Images("tiny", train, test, classes=3)


def test_every_family_shares_the_datasets_tensors(digits):
    tasks = [
        plain(digits),
        *coloured(digits, PRIMARIES),
        inverted(digits),
        *halves(digits, torch.Generator()),
        labels(digits, "low", [0, 1, 2]),
        *permuted(digits, 2, seed=0),
    ]
    for name in ("train", "test"):
        shared = getattr(digits, name).inputs.data_ptr()
        assert {getattr(task, name).inputs.data_ptr() for task in tasks} == {shared}


def test_plain_shows_the_digit_once_or_three_times(digits):
    one, y = plain(digits).train[:5]
    three, _ = plain(digits, "again", channels=3).train[:5]
    assert one.shape == (5, 1, 32, 32)
    assert torch.equal(three, one.expand(-1, 3, -1, -1))
    assert torch.equal(y, digits.train.targets[:5])
    assert plain(digits, size=8).train[:5][0].mul(255).round().byte().equal(digits.train.inputs[:5])


def test_coloured_tasks_are_named_by_their_colours_and_coloured_by_the_formula(digits):
    tasks = coloured(digits, PRIMARIES)
    ink = plain(digits).test[:20][0]
    assert [task.name for task in tasks] == ["red", "green", "blue"]
    for channel, task in enumerate(tasks):
        x, _ = task.test[:20]
        assert x.shape == (20, 3, 32, 32)
        assert x[:, channel].var() == 0
        assert torch.equal(x[:, channel], torch.ones(20, 32, 32))
        assert torch.equal(x[:, channel - 1], ink[:, 0])


def test_black_is_the_plain_digit_and_white_says_nothing(digits):
    black, white = coloured(digits, {"black": (0, 0, 0), "white": (1, 1, 1)})
    assert torch.equal(black.train[:9][0], plain(digits, channels=3).train[:9][0])
    assert white.train[:9][0].unique().tolist() == [1.0]


def test_inverted_is_black_ink_on_white_by_default(digits):
    x, _ = inverted(digits).train[:9]
    assert torch.equal(x, 1 - plain(digits, channels=3).train[:9][0])
    red_ink = inverted(digits, "red ink", (1, 0, 0))
    assert red_ink.name == "red ink"
    assert torch.allclose(red_ink.train[:9][0][:, 0], torch.ones(9, 32, 32), atol=1e-6)


@pytest.mark.parametrize("rgb", [(1, 0), (1, 0, 0, 0), (255, 0, 0), (0, -0.1, 0), (float("nan"), 0, 0), "red", 1, None])
def test_a_colour_that_is_not_one_is_refused_when_the_task_is_made(digits, rgb):
    with pytest.raises(ValueError, match=r"rgb of 'odd' must be three numbers in \[0, 1\]; got"):
        coloured(digits, {"odd": rgb})
    with pytest.raises(ValueError, match=r"rgb of 'odd' must be three numbers in \[0, 1\]; got"):
        inverted(digits, "odd", rgb)


@settings(max_examples=25, deadline=None)
@given(seed=seeds, n=st.integers(2, 60))
def test_halves_are_disjoint_complete_and_equal_in_size(seed, n):
    first, second = halves(tiny(n), torch.Generator().manual_seed(seed))
    rows = [task.train[:][0].mul(255).round().long().flatten() for task in (first, second)]
    assert torch.equal(torch.cat(rows).sort().values, torch.arange(n))
    assert len(rows[1]) - len(rows[0]) in (0, 1)
    for task, numbers in zip((first, second), rows, strict=True):
        assert torch.equal(task.train.targets, numbers % 3)
        assert len(task.test) == 6


def test_halves_follow_their_generator(digits):
    cuts = [halves(digits, torch.Generator().manual_seed(seed))[0].train.rows for seed in (0, 0, 1)]
    assert torch.equal(cuts[0], cuts[1])
    assert not torch.equal(cuts[0], cuts[2])


def test_labels_keep_the_chosen_classes_and_their_numbers():
    task = labels(tiny(10), "ends", [2, 0, 2])
    assert task.name == "ends"
    assert task.train.targets.tolist() == [0, 2, 0, 2, 0, 2, 0]
    assert (task.train[:][0] * 255).round().flatten().tolist() == [0, 2, 3, 5, 6, 8, 9]
    assert task.test.targets.tolist() == [0, 2, 0, 2]


@pytest.mark.parametrize("digits", [[], [3], [-1, 0]])
def test_labels_that_do_not_exist_are_refused(digits):
    with pytest.raises(ValueError, match=r"digits must be one or more labels in 0..2; got \["):
        labels(tiny(10), "none", digits)


def test_splits_take_another_transform():
    task = labels(tiny(10), "zero", [0], transform=lambda x: x.float() + 0.5)
    assert task.test[:][0].flatten().tolist() == [0.5, 3.5]


@settings(max_examples=10, deadline=None)
@given(seed=seeds)
def test_permuted_tasks_reorder_the_same_pixels_each_in_its_own_way(digits, seed):
    tasks = permuted(digits, 3, seed)
    original = unit(digits.train.inputs[:4])
    views = [task.train[:4][0] for task in tasks]
    for view in views:
        assert view.shape == original.shape
        assert torch.equal(view.flatten(1).sort().values, original.flatten(1).sort().values)
    assert not torch.equal(views[0], views[1])
    assert not torch.equal(views[1], views[2])


def test_more_permuted_tasks_leave_the_first_ones_as_they_were(digits):
    few, many = permuted(digits, 2, seed=5), permuted(digits, 4, seed=5)
    for one, other in zip(few, many, strict=False):
        assert one.name == other.name
        assert torch.equal(one.test[:9][0], other.test[:9][0])
    assert not torch.equal(few[0].test[:9][0], permuted(digits, 1, seed=6)[0].test[:9][0])


def test_no_permuted_task_is_refused(digits):
    with pytest.raises(ValueError, match="n must be at least 1 task; got 0"):
        permuted(digits, 0, seed=0)


def test_image_task_keeps_training_augmentation(digits):
    def augment(x, generator):
        return -x

    train = Examples(digits.train.inputs, digits.train.targets, augment=augment)
    task = image_task(Images("digits", train, digits.test, 10), "signed", unit)
    x, _ = task.train.batch(torch.arange(3), torch.Generator())
    assert torch.equal(x, -unit(digits.train.inputs[:3]))


def test_colouring_real_mnist_takes_no_copy(data):
    images = load_images("mnist", data)
    tasks = coloured(images, PRIMARIES)
    assert {task.train.inputs.data_ptr() for task in tasks} == {images.train.inputs.data_ptr()}
    x, y = tasks[0].train[torch.tensor([0, 59_999])]
    assert x.shape == (2, 3, 32, 32)
    assert x[:, 0].var() == 0
    assert y.tolist() == [5, 8]
