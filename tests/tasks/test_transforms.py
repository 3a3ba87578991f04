import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rewire.tasks import transforms

seeds = st.integers(0, 2**31)
amounts = st.floats(0, 1, width=32)
quick = settings(max_examples=25, deadline=None)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def ramp(n: int = 2, c: int = 1, h: int = 4, w: int = 4) -> torch.Tensor:
    return torch.arange(n * c * h * w, dtype=torch.float32).reshape(n, c, h, w)


def test_unit_covers_zero_to_one_exactly():
    x = transforms.unit(torch.arange(256, dtype=torch.uint8))
    assert x.dtype == torch.get_default_dtype()
    assert torch.equal(x, torch.arange(256) / 255)
    assert (x[0].item(), x[255].item()) == (0.0, 1.0)


def test_unit_twice_is_refused():
    with pytest.raises(TypeError, match=r"x must be uint8 pixels 0..255; got torch.float32"):
        transforms.unit(torch.rand(2))


def test_compose_goes_from_left_to_right():
    assert transforms.compose(lambda x: x + 1, lambda x: x * 10)(torch.tensor(2)).item() == 30
    assert transforms.compose()(torch.tensor(2)).item() == 2


def test_resize_doubling_by_hand():
    # Output pixel i of 4 sits at input position (i + .5) / 2 - .5 = -.25, .25, .75, 1.25, clamped to [0, 1].
    x = torch.tensor([[[[0.0, 4.0], [0.0, 4.0]]]])
    assert transforms.resize(x, 4)[0, 0, 0].tolist() == [0.0, 1.0, 3.0, 4.0]


def test_resize_to_the_same_size_is_free():
    x = torch.rand(2, 1, 32, 32)
    assert transforms.resize(x, 32) is x


def test_pad_by_hand():
    assert transforms.pad(torch.ones(1, 1, 1, 1), 1)[0, 0].tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 0]]


def test_repeated_channels_are_equal_and_not_copied():
    x = torch.rand(2, 1, 4, 4)
    y = transforms.repeat_channels(x, 3)
    assert torch.equal(y, torch.cat([x, x, x], dim=1))
    assert y.untyped_storage().data_ptr() == x.untyped_storage().data_ptr()
    assert torch.equal(transforms.repeat_channels(y, 3), y)


def test_two_channels_cannot_be_shown_as_three():
    with pytest.raises(ValueError, match="channels must be 2 for a batch of 2 channels; got 3"):
        transforms.repeat_channels(torch.rand(1, 2, 4, 4), 3)


@quick
@given(seed=seeds, rgb=st.tuples(amounts, amounts, amounts))
def test_colour_and_inversion_follow_their_formulas_exactly(seed, rgb):
    x = torch.rand(3, 1, 5, 5, generator=generator(seed))
    coloured, inverted = transforms.colour(x, rgb), transforms.invert(x, rgb)
    for channel, c in enumerate(rgb):
        assert torch.equal(coloured[:, channel], (x + (1 - x) * c)[:, 0])
        assert torch.equal(inverted[:, channel], (x * c + (1 - x))[:, 0])


@quick
@given(seed=seeds)
def test_black_leaves_the_digit_and_a_full_channel_is_constant(seed):
    x = torch.rand(3, 1, 8, 8, generator=generator(seed))
    assert torch.equal(transforms.colour(x, (0, 0, 0)), x.expand(-1, 3, -1, -1))
    red = transforms.colour(x, (1, 0, 0))
    assert torch.equal(red[:, 0], torch.ones(3, 8, 8))
    assert torch.equal(red[:, 1:], x.expand(-1, 2, -1, -1))


def test_colour_of_three_channels_takes_one_number_each():
    x = torch.tensor([0.0, 0.5, 1.0]).view(1, 3, 1, 1)
    assert transforms.colour(x, (0.5, 0.5, 0.5)).flatten().tolist() == [0.5, 0.75, 1.0]


def test_normalise_by_hand_per_channel():
    x = torch.tensor([1.0, 1.0]).view(1, 2, 1, 1)
    assert transforms.normalise(x, (0.5, 0.0), (0.25, 2.0)).flatten().tolist() == [2.0, 0.5]


@quick
@given(seed=seeds, channels=st.sampled_from([1, 3]))
def test_permuting_moves_every_pixel_and_undoes(seed, channels):
    x = ramp(2, channels, 3, 4)
    order = torch.randperm(12, generator=generator(seed))
    y = transforms.permute_pixels(x, order)
    assert y.shape == x.shape
    assert torch.equal(y.flatten(2).sort().values, x.flatten(2))
    assert torch.equal(y[0, 0].flatten(), x[0, 0].flatten()[order])
    assert torch.equal(transforms.permute_pixels(y, order.argsort()), x)


def test_a_permutation_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"permutation must have 16 elements; got shape \[9\]"):
        transforms.permute_pixels(ramp(), torch.arange(9))


@pytest.mark.parametrize("shape", [(4, 4), (5, 5)])
@pytest.mark.parametrize("quarters", [-1, 0, 1, 2])
def test_a_quarter_turn_is_rot90(shape, quarters):
    x = ramp(2, 2, *shape)
    turned = transforms.rotate_by(x, torch.tensor([90.0 * quarters, 0.0]))
    torch.testing.assert_close(turned[0], x[0].rot90(quarters, (-2, -1)), atol=1e-3, rtol=0)
    torch.testing.assert_close(turned[1], x[1], atol=1e-3, rtol=0)


@pytest.mark.parametrize(
    ("start", "end"), [((2, 6), (0, 4)), ((0, 4), (2, 2))], ids=["right to above", "above to left"]
)
def test_an_oblong_image_turns_in_pixels_not_in_fractions(start, end):
    x = torch.zeros(1, 1, 5, 9)
    x[0, 0, *start] = 1  # two pixels from the centre (2, 4)
    turned = transforms.rotate_by(x, torch.tensor([90.0]))
    assert turned.shape == x.shape
    assert turned[0, 0, *end].item() == pytest.approx(1, abs=1e-4)


@quick
@given(seed=seeds)
def test_rotation_angles_stay_within_the_limit_and_differ(seed):
    x = torch.zeros(64, 1, 33, 33)
    x[:, :, 16, 28] = 1
    columns = transforms.rotate(x, 20, generator(seed)).amax((1, 2)).argmax(-1)
    rows = transforms.rotate(x, 20, generator(seed)).amax((1, 3)).argmax(-1)
    angle = torch.atan2((16 - rows).float(), (columns - 16).float()).rad2deg()
    assert angle.abs().max() < 20 + 4  # four degrees: one pixel at this radius
    assert angle.min() < -5
    assert angle.max() > 5


@quick
@given(seed=seeds, padding=st.integers(0, 2), size=st.integers(1, 4))
def test_a_crop_is_one_window_of_the_padded_image(seed, padding, size):
    x = ramp(6, 2, 4, 5) + 1
    y = transforms.crop(x, size, generator(seed), padding=padding)
    padded = transforms.pad(x, padding)
    assert y.shape == (6, 2, size, size)
    for image, window in zip(padded, y, strict=True):
        places = image.unfold(1, size, 1).unfold(2, size, 1)  # [C, rows, columns, size, size]
        assert (places == window[:, None, None]).all(-1).all(-1).all(0).any()


def test_every_crop_position_occurs():
    x = ramp(1, 1, 3, 3).expand(400, -1, -1, -1)
    assert transforms.crop(x, 2, generator()).flatten(1)[:, 0].unique().tolist() == [0, 1, 3, 4]


def test_a_crop_larger_than_the_image_is_refused():
    with pytest.raises(ValueError, match="size must be at most 4, the padded image; got 5"):
        transforms.crop(ramp(), 5, generator())


def test_shifts_reach_every_place_within_the_limit():
    x = torch.zeros(1, 1, 5, 5)
    x[0, 0, 2, 2] = 1
    moved = transforms.shift(x.expand(500, -1, -1, -1), 1, generator()).flatten(1)
    assert moved.sum(1).eq(1).all()
    assert moved.argmax(1).unique().tolist() == [6, 7, 8, 11, 12, 13, 16, 17, 18]


@quick
@given(seed=seeds)
def test_a_flip_mirrors_some_images_whole(seed):
    x = ramp(64, 2, 3, 3)
    y = transforms.flip(x, generator(seed))
    mirrored = (y == x.flip(-1)).flatten(1).all(1)
    same = (y == x).flatten(1).all(1)
    assert (mirrored ^ same).all()
    assert 8 < mirrored.sum() < 56
    assert torch.equal(transforms.flip(x, generator(seed), probability=0.0), x)


@pytest.mark.parametrize(
    "random",
    [
        lambda x, g: transforms.rotate(x, 15, g),
        lambda x, g: transforms.shift(x, 2, g),
        lambda x, g: transforms.crop(x, 3, g),
        transforms.flip,
    ],
    ids=["rotate", "shift", "crop", "flip"],
)
def test_random_transforms_repeat_with_their_seed_and_leave_the_batch_alone(random):
    x = torch.rand(8, 1, 6, 6, generator=generator(1))
    before = x.clone()
    assert torch.equal(random(x, generator(7)), random(x, generator(7)))
    assert not torch.equal(random(x, generator(7)), random(x, generator(8)))
    assert torch.equal(x, before)


@pytest.mark.parametrize(
    "transform",
    [
        lambda x, g: transforms.resize(x, 8),
        lambda x, g: transforms.pad(x, 1),
        lambda x, g: transforms.repeat_channels(x, 3),
        lambda x, g: transforms.colour(x, (1, 0, 0)),
        lambda x, g: transforms.invert(x, (1, 0, 0)),
        lambda x, g: transforms.normalise(x, (0.5,), (0.5,)),
        lambda x, g: transforms.permute_pixels(x, torch.randperm(36, generator=g).to(x.device)),
        lambda x, g: transforms.rotate(x, 15, g),
        lambda x, g: transforms.shift(x, 2, g),
        lambda x, g: transforms.crop(x, 3, g),
        transforms.flip,
    ],
)
def test_transforms_stay_on_the_batchs_device_with_a_cpu_generator(transform):
    # "meta" stands for an accelerator: mixing it with a CPU tensor is an error, as it would be there.
    shown = transforms.unit(torch.zeros(2, 1, 6, 6, dtype=torch.uint8, device="meta"))
    result = transform(shown, generator())
    assert result.device.type == "meta"
    assert result.shape == transform(torch.zeros(2, 1, 6, 6), generator()).shape
