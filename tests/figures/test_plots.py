import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from rewire.figures.plots import bars, curves, heatmap, images, ridge
from rewire.figures.style import SERIES, house_style
from rewire.figures.tables import histograms, matrix


@pytest.fixture
def canvas():
    with house_style():
        yield Figure()


def line(label, *points, std=0.0):
    return [{"label": label, "step": x, "mean": y, "std": std} for x, y in points]


def test_curves_draw_a_line_per_label_a_band_where_there_is_spread_and_the_marks(canvas):
    axes = canvas.subplots()
    rows = [*line("gated", (10, 0.5), (0, 0.1), std=0.02), *line("shared", (0, 0.2), (10, 0.6))]
    curves(axes, rows, ylabel="accuracy", marks={"paper": 0.9372})
    gated, shared, mark = axes.lines
    assert list(gated.get_xdata()) == [0, 10]
    assert list(gated.get_ydata()) == [0.1, 0.5]
    assert (gated.get_color(), gated.get_linestyle()) != (shared.get_color(), shared.get_linestyle())
    assert len(axes.collections) == 1
    assert mark.get_ydata()[0] == 0.9372
    assert [text.get_text() for text in axes.texts] == ["paper\n0.9372"]


def test_a_label_keeps_its_colour_from_panel_to_panel_and_the_legend_is_one(canvas):
    left, right = canvas.subplots(1, 2)
    curves(left, [*line("gated", (0, 0)), *line("shared", (0, 1)), *line("separate", (0, 2))])
    curves(right, [*line("separate", (0, 2)), *line("gated", (0, 0)), *line("new", (0, 3))])
    colours = {item.get_label(): item.get_color() for item in right.lines}
    assert colours == {"separate": SERIES[2], "gated": SERIES[0], "new": SERIES[3]}
    [legend] = canvas.legends
    assert [text.get_text() for text in legend.get_texts()] == ["gated", "shared", "separate", "new"]


def test_bars_stand_at_their_groups_with_diamonds_at_the_papers_numbers(canvas):
    axes = canvas.subplots()
    rows = [
        {"task": "red", "label": "gated", "mean": 0.94, "std": 0.01, "paper": 0.9372},
        {"task": "green", "label": "gated", "mean": 0.93},
        {"task": "red", "label": "separate", "mean": 0.9, "paper": 0.101},
    ]
    bars(axes, rows)
    assert [round(bar.get_height(), 2) for group in axes.containers[:1] for bar in group] == [0.94, 0.93]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["red", "green"]
    diamonds = [tuple(item.get_offsets()[0]) for item in axes.collections if item.get_label() == "paper"]
    assert [height for _, height in diamonds] == [0.9372, 0.101]
    assert [text.get_text() for text in canvas.legends[0].get_texts()] == ["gated", "separate", "paper"]


def test_a_ridge_has_one_outline_per_step_the_first_on_top(canvas):
    axes = canvas.subplots()
    ridge(axes, histograms({0: [0.0, 1.0, 2.0], 500: [1.0, 1.0]}, bins=4), xlabel="weight")
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["500", "0"]
    assert len(axes.patches) == 4


def test_a_heat_map_writes_its_numbers_in_readable_colours(canvas):
    axes = canvas.subplots()
    heatmap(axes, matrix([[1.0, 0.25], [0.25, 1.0]], ["red", "green"]))
    assert [(text.get_text(), to_hex(text.get_color())) for text in axes.texts][:2] == [
        ("1.00", "#000000"),
        ("0.25", "#ffffff"),
    ]


@pytest.mark.parametrize(
    "panel", [np.zeros((4, 5)), torch.zeros(1, 4, 5), torch.full((3, 4, 5), 255, dtype=torch.uint8)]
)
def test_images_take_grey_and_colour_channel_first(canvas, panel):
    images(canvas, {"one": panel, "two": panel}, columns=1)
    shown = canvas.axes[0].images[0].get_array()
    assert shown.shape[:2] == (4, 5)
    assert shown.max() <= 1
    assert [axes.get_title() for axes in canvas.axes] == ["one", "two"]


def test_images_refuse_what_is_no_image(canvas):
    with pytest.raises(ValueError, match=r"a panel must be .*got shape \(2, 3, 4, 5\)"):
        images(canvas, {"batch": np.zeros((2, 3, 4, 5))})
