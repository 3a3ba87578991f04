import re

import numpy as np
import pytest

from rewire.figures import Figure, curves, images, save
from rewire.figures.style import SERIES, SERIES_ON_DARK
from rewire.report.inline import palette, picture

ROWS = [{"label": label, "step": x, "mean": x, "std": 0.1} for label in "ab" for x in (0, 1)]


@pytest.fixture
def drawn(tmp_path):
    return save(Figure("curve", "Curve", "", ROWS, lambda canvas: curves(canvas.subplots(), ROWS)), tmp_path)


def test_a_drawing_takes_its_colours_from_the_page(drawn):
    html = picture(drawn, "A & B", "one")
    assert html.startswith("<svg")
    assert 'aria-label="A &amp; B"' in html
    assert "var(--ink)" in html
    assert "var(--series-0)" in html
    assert not [colour for colour in palette().values() if colour in html]


def test_nothing_of_it_leaks_into_the_page(drawn):
    html = picture(drawn, "t", "one")
    assert not re.search(r"<style|<metadata|<\?xml|<!DOCTYPE|<title", html)
    assert not re.search(r'https?://(?!www\.w3\.org/1999/xlink")', html)


def test_ids_of_two_figures_differ_and_all_references_resolve(drawn):
    one, two = (picture(drawn, "t", prefix) for prefix in ("one", "two"))
    ids = [set(re.findall(r'\bid="([^"]*)"', html)) for html in (one, two)]
    assert ids[0]
    assert not ids[0] & ids[1]
    assert set(re.findall(r'href="#([^"]*)"', one)) | set(re.findall(r"url\(#([^)]*)\)", one)) <= ids[0]


def test_pixels_are_sent_as_png_where_that_is_smaller(tmp_path):
    noise = np.random.default_rng(0).random((3, 200, 200))
    files = save(Figure("panel", "Panel", "", [], lambda canvas: images(canvas, {"x": noise}), (1, 1)), tmp_path)
    assert picture(files, 'a "panel"', "p").startswith('<img class="paper" src="data:image/png;base64,')
    assert "&#34;panel&#34;" in picture(files, 'a "panel"', "p")


def test_both_modes_have_the_same_colours_to_set():
    assert palette().keys() == palette(dark=True).keys()
    assert len(SERIES) == len(SERIES_ON_DARK) == len(set(SERIES)) == len(set(SERIES_ON_DARK))


@pytest.mark.parametrize("dark", [False, True])
def test_series_stand_out_from_the_paper_three_to_one(dark):
    colours = palette(dark)
    for name, colour in colours.items():
        if name.startswith("series"):
            assert contrast(colour, colours["panel"]) >= 3, name
    assert contrast(colours["ink"], colours["panel"]) >= 7
    assert contrast(colours["muted"], colours["panel"]) >= 4.5


def contrast(one, other):
    """The contrast ratio of WCAG 2."""

    def luminance(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
