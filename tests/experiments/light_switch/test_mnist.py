"""The verdicts of light-switch/mnist on hand-made records, and one real step on MNIST."""

import pytest
from image_records import accuracy, claim, joined

from rewire.experiments.light_switch.images.families import family
from rewire.experiments.light_switch.mnist.recipe import RECIPE
from rewire.runs import Records


def black(one=0.937, three=0.94, plain=0.95):
    labels = {"1-channel gated": one, "gated": three, "hard": three, "1-channel plain": plain, "plain": plain}
    return joined(*(accuracy(f"black {label}", "black", [v, v + 0.002]) for label, v in labels.items()))


@pytest.mark.parametrize(
    ("records", "holds"),
    [(black(), True), (black(one=0.90), False), (black(plain=0.93), False), (black(0.90, 0.90), False)],
)
def test_one_black_task(records, holds):
    outcome = claim(RECIPE, "LS-4c").measure(records)
    assert outcome.holds is holds
    assert outcome.n == 2


@pytest.mark.parametrize(("second", "holds"), [(0.951, True), (0.93, False)])
def test_two_black_tasks_need_both(second, holds):
    twins = [accuracy("two black gated", name, [v, v + 0.001]) for name, v in (("black A", 0.949), ("black B", second))]
    outcome = claim(RECIPE, "LS-4d").measure(joined(*twins, black()))
    assert outcome.holds is holds
    assert "significant" in outcome.note


@pytest.mark.parametrize(("difference", "holds"), [(1e-8, True), (1e-3, False)])
def test_transforms(difference, holds):
    rows = Records([{"formula": "x+(1-x)c", "colour": "red", "difference": difference}])
    assert claim(RECIPE, "LS-4a").measure(rows).holds is holds


@pytest.mark.parametrize(("lazy", "holds"), [(0.5, True), (1.6, False)])
def test_memory_scales_the_pass_and_limits_the_lazy_run(lazy, holds):
    eager = {"memory": "eager", "stack_gib": 0.8, "colouring_peak_gib": 2.2, "pass_gib": 0.32, "batch": 6000}
    outcome = claim(RECIPE, "LS-4b").measure(Records([eager, {"memory": "lazy", "peak_gib": lazy}]))
    assert outcome.ours == pytest.approx(4.0)
    assert outcome.holds is holds


def test_black_digits_are_the_same_in_one_channel_and_in_three(data):
    (one,), (three,) = (family(name, "mnist", data, "cpu") for name in ("black 1-channel", "black"))
    x, y = one.test[:8]
    assert three.test[:8][0].equal(x.expand(-1, 3, -1, -1))
    assert y.tolist() == [7, 2, 1, 0, 4, 1, 4, 9]
