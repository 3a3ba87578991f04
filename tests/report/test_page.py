import base64
import hashlib
import html
import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest
from synthetic import claim, recipe, write_results, write_runs

from rewire.figures import Figure
from rewire.report import build


def test_it_shows_claims_figures_settings_environment_and_commands(page, tmp_path):
    text = page()
    for shown in ("LS-5a", "statement of LS-5b", "0.9381\u00a0±\u00a00.0031", "points the other way", "not reproduced"):
        assert shown in text
    assert text.count("<figure") == 3
    assert "a test machine, 2 cores" in text
    assert "rewire run light-switch/colours --budget full" in text
    assert "rewire run light-switch/mnist --budget quick" in text, "a recipe without runs is named"
    assert "This report is not complete" not in text
    made = {path.name for path in (tmp_path / "report_files/light-switch/colours").iterdir()}
    assert made == {f"{name}.{kind}" for name in ("learning", "final", "panel") for kind in ("png", "svg", "csv")}


def test_importing_the_report_loads_no_heavy_library():
    code = """
import sys, rewire.report
heavy = {"matplotlib", "jinja2", "torch", "numpy"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_same_runs_give_the_same_bytes(page):
    assert page() == page()


def test_a_figure_carries_its_csv(page, tmp_path):
    [encoded] = re.findall(r'download="light-switch-colours-learning.csv" href="data:text/csv;base64,([^"]*)"', page())
    assert base64.b64decode(encoded) == (tmp_path / "report_files/light-switch/colours/learning.csv").read_bytes()


class Elements(HTMLParser):
    """Every tag with its attributes, to see what a browser would see."""

    def __init__(self, text):
        super().__init__()
        self.seen = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))


def test_other_peoples_text_stays_text(runs, page):
    nasty = '</script><script>alert(1)</script><img src=x onerror="alert(1)">'
    fields = ("claim", "statement", "paper", "ours", "note", "where", "verdict", "budget", "n", "seconds")
    write_results(runs, "light-switch/colours", "full", [claim("x", **dict.fromkeys(fields, nasty))], hardware=nasty)
    text = page()
    tags = Elements(text).seen
    assert sum(tag == "script" for tag, _ in tags) == 1
    assert not [attrs for _, attrs in tags if any(name.startswith("on") for name in attrs)]
    assert nasty not in text
    assert html.unescape(text).count(nasty) >= len(fields)


def test_nothing_is_loaded_from_elsewhere(page):
    text = page()
    for tag, attrs in Elements(text).seen:
        for name in ("src", "href", "xlink:href", "srcset", "action"):
            assert (attrs.get(name) or "#").startswith(("#", "data:")), (tag, attrs)
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)


def test_the_policy_allows_the_pages_own_script_only(page):
    text = page()
    [script] = re.findall(r"<script>(.*?)</script>", text, flags=re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in text


def test_ids_are_unique(page):
    ids = [attrs["id"] for _, attrs in Elements(page()).seen if "id" in attrs]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("kind", ["missing", "empty", "a file"])
def test_a_folder_without_runs_is_refused_in_one_line(tmp_path, kind):
    root = tmp_path / "runs"
    if kind == "empty":
        root.mkdir()
    elif kind == "a file":
        root.write_text("x")
    with pytest.raises(ValueError, match=r"runs must be a folder with results of `rewire run`; got .*; run `") as error:
        build(root, tmp_path / "report.html", {})
    assert "\n" not in str(error.value)
    assert not (tmp_path / "report.html").exists()


def test_damaged_results_are_told_on_the_page(runs, page):
    (runs / "light-switch/colours/full.json").write_text('{"rows": [')
    text = page()
    assert "This report is not complete" in text
    assert "full.json must be JSON" in text
    assert "light-switch/colours has no claims yet" in text
    assert "LS-2a" in text, "the other recipe is still there"


def test_one_figure_that_fails_takes_no_other_with_it(runs, tmp_path):
    def figures(records, folder):
        return [
            Figure("bad", "Bad", "", [], lambda canvas: 1 / 0),
            Figure("good", "Good", "", [], lambda c: c.subplots()),
        ]

    broken = recipe("light-switch/colours", draw=figures)
    text = build(runs, tmp_path / "report.html", {broken.id: broken}).read_text()
    assert "figure bad of light-switch/colours could not be drawn: ZeroDivisionError: division by zero" in text
    assert text.count("<figure") == 1


def test_a_drawing_function_that_fails_is_a_note(runs, tmp_path):
    broken = recipe("light-switch/colours", draw=lambda records, folder: records.values("x")[0])
    text = build(runs, tmp_path / "report.html", {broken.id: broken}).read_text()
    assert "the figures of light-switch/colours could not be drawn: IndexError" in text


def test_damaged_records_are_a_note(runs, page):
    next(runs.rglob("metrics.jsonl")).write_text("not json\n")
    assert "the records of light-switch/colours cannot be read" in page()


def test_runs_of_an_unknown_recipe_are_shown_without_figures(runs, tmp_path):
    text = build(runs, tmp_path / "report.html", {}).read_text()
    assert "light-switch/colours is not a recipe of this version" in text
    assert "LS-5a" in text
    assert "<figure" not in text


def test_runs_without_claims_still_give_a_page(tmp_path, recipes):
    write_runs(tmp_path / "runs", "light-switch/mnist")
    text = build(tmp_path / "runs", tmp_path / "report.html", recipes).read_text()
    assert "No claim has been judged yet" in text
    assert "light-switch/mnist has no claims yet" in text


def test_the_command_repeats_the_seeds_and_the_folder(runs, recipes, tmp_path):
    write_results(runs, "light-switch/colours", "full", [claim("LS-5a")], seeds=[7])
    text = html.unescape(build(runs, tmp_path / "report.html", recipes).read_text())
    assert f"rewire run light-switch/colours --budget full --seeds 7 --out {runs}" in text
