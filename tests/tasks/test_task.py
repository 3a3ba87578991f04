import pytest
import torch
from torch.nn import functional as F

from rewire.tasks import Examples, Task, accuracy, mse

INPUTS = torch.tensor([[0, 1], [10, 11], [20, 21], [30, 31]], dtype=torch.uint8)
TARGETS = torch.tensor([5, 6, 7, 8])


def test_accuracy_counts_the_largest_output():
    outputs = torch.tensor([[0.1, 0.9, 0.0], [2.0, 1.0, 1.5], [0.0, 0.0, 3.0], [0.0, 1.0, 0.0]])
    value = accuracy(outputs, torch.tensor([1, 0, 2, 2]))
    assert value.shape == ()
    assert value.item() == 0.75


def test_mse_is_the_mean_over_every_element():
    assert mse(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[0.0, 2.0], [3.0, 1.0]])).item() == 2.5


def test_an_index_picks_inputs_and_targets_and_transforms_only_those():
    seen = []

    def halve(x):
        seen.append(len(x))
        return x / 2

    x, y = Examples(INPUTS, TARGETS, transform=halve)[torch.tensor([2, 0, 2])]
    assert x.tolist() == [[10.0, 10.5], [0.0, 0.5], [10.0, 10.5]]
    assert y.tolist() == [7, 5, 7]
    assert seen == [3]


def test_a_slice_without_transform_is_a_view():
    x, y = Examples(INPUTS, TARGETS)[1:3]
    assert x.data_ptr() == INPUTS[1:].data_ptr()
    assert y.tolist() == [6, 7]


def test_augment_comes_after_transform_and_only_in_batches():
    examples = Examples(
        INPUTS,
        TARGETS,
        transform=lambda x: x.float() + 1,
        augment=lambda x, g: x * torch.randint(2, 9, (1,), generator=g),
    )
    factor = torch.randint(2, 9, (1,), generator=torch.Generator().manual_seed(3))
    x, y = examples.batch(torch.tensor([1]), torch.Generator().manual_seed(3))
    assert torch.equal(x, torch.tensor([[11.0, 12.0]]) * factor)
    assert y.tolist() == [6]
    assert examples[torch.tensor([1])][0].tolist() == [[11.0, 12.0]]


def test_a_batch_without_augment_draws_nothing():
    generator = torch.Generator().manual_seed(0)
    before = generator.get_state()
    x, _ = Examples(INPUTS, TARGETS).batch(torch.tensor([3]), generator)
    assert x.tolist() == [[30, 31]]
    assert torch.equal(generator.get_state(), before)


@pytest.mark.parametrize(
    "index",
    [torch.tensor([3, 1]), slice(1, 3), torch.tensor([False, True, False, True])],
    ids=["long", "slice", "mask"],
)
def test_a_subset_is_as_if_only_those_existed_and_shares_the_inputs(index):
    part = Examples(INPUTS, TARGETS).subset(index)
    assert len(part) == 2
    x, y = part[:]
    assert torch.equal(x, INPUTS[index])
    assert torch.equal(y, TARGETS[index])
    assert torch.equal(part.targets, TARGETS[index])
    assert part.inputs.data_ptr() == INPUTS.data_ptr()


def test_a_subset_of_a_subset_counts_within_it():
    part = Examples(INPUTS, TARGETS).subset(torch.tensor([3, 1, 0])).subset(torch.tensor([2, 0]))
    x, y = part[torch.tensor([1, 0])]
    assert x.tolist() == [[30, 31], [0, 1]]
    assert y.tolist() == [8, 5]


def test_another_transform_keeps_tensors_rows_and_augment():
    def augment(x, generator):
        return x

    part = Examples(INPUTS, TARGETS, augment=augment).subset(slice(2, 4)).with_transform(lambda x: -x.int())
    assert part[:][0].tolist() == [[-20, -21], [-30, -31]]
    assert part.inputs is INPUTS
    assert part.augment is augment


def test_moving_moves_everything():
    moved = Examples(INPUTS, TARGETS).subset(slice(0, 2)).to("meta")
    assert {tensor.device.type for tensor in (moved.inputs, moved.targets, moved.rows)} == {"meta"}
    points = Examples(INPUTS, TARGETS)
    task = Task("t", points, points).to("meta")
    assert task.train.inputs.device.type == task.test.targets.device.type == "meta"


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="targets must be as many as the 4 inputs; got 3"):
        Examples(INPUTS, TARGETS[:3])


def test_a_task_classifies_by_default():
    points = Examples(INPUTS, TARGETS)
    task = Task("t", points, points)
    assert task.loss is F.cross_entropy
    assert task.metric.__name__ == "accuracy"
