import csv
import io
import subprocess
import sys

import matplotlib as mpl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewire.figures.figure import Figure, save, to_csv


def line(canvas):
    canvas.subplots().plot([0, 1], [0.5, 1.0], label="a $ sign & <b>")


def figure(draw=line, name="line"):
    return Figure(name, "A line", "", [{"x": 0, "y": 0.5}, {"x": 1, "y": 1.0}], draw)


def test_png_svg_and_csv_are_written_and_equal_when_drawn_again(tmp_path):
    first = save(figure(), tmp_path / "a" / "new")
    second = save(figure(), tmp_path / "b")
    assert first.png.read_bytes().startswith(b"\x89PNG")
    assert "<svg" in first.svg.read_text()
    assert first.csv.read_text() == "x,y\n0,0.5\n1,1.0\n"
    for kind in ("png", "svg", "csv"):
        assert getattr(first, kind).read_bytes() == getattr(second, kind).read_bytes()


def test_the_callers_matplotlib_settings_are_left_alone(tmp_path):
    before = dict(mpl.rcParams)
    save(figure(), tmp_path)
    assert dict(mpl.rcParams) == before


def test_a_drawing_that_fails_leaves_no_file(tmp_path):
    with pytest.raises(ZeroDivisionError):
        save(figure(lambda canvas: 1 / 0), tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["", "Upper", "../up", "a b", "fig.1"])
def test_a_name_that_cannot_be_a_file_name_is_refused(name):
    with pytest.raises(ValueError, match="name must be lower-case letters"):
        figure(name=name)


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.text('x,";\n ') | st.integers(), min_size=1)))
def test_csv_reads_back_as_what_was_written(rows):
    back = list(csv.DictReader(io.StringIO(to_csv(rows), newline="")))
    columns = {key for row in rows for key in row}
    assert back == [{key: str(row.get(key, "")) for key in columns} for row in rows]


def test_importing_the_room_loads_no_heavy_library_and_drawing_no_pyplot():
    code = """
import sys, rewire.figures as figures
heavy = {"matplotlib", "torch", "numpy", "rewire.experiments", "rewire.report"} & set(sys.modules)
assert not heavy, heavy
import pathlib, tempfile
figures.save(figures.Figure("a", "", "", [], lambda canvas: canvas.subplots()), pathlib.Path(tempfile.mkdtemp()))
assert "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
