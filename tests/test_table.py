"""Rows for people: aligned when piped, framed on a terminal, every cell whole in both."""

import sys

from rewire.table import show

ROWS = [
    {"claim": "LS-1a", "ours": 0.123456, "verdict": "reproduced", "note": None},
    {"claim": "LS-1b", "ours": None, "verdict": "not reproduced", "note": "[red] is no markup", "hidden": 1},
]


def test_piped(capsys):
    show(ROWS, ["claim", "ours", "verdict", "note"])
    assert capsys.readouterr().out.splitlines() == [
        "claim  ours    verdict         note",
        "LS-1a  0.1235  reproduced",
        "LS-1b          not reproduced  [red] is no markup",
    ]


def test_columns_are_all_keys_by_default_and_no_rows_are_no_error(capsys):
    show(ROWS)
    assert capsys.readouterr().out.split()[:5] == ["claim", "ours", "verdict", "note", "hidden"]
    show([], ["claim", "ours"])
    assert capsys.readouterr().out.split() == ["claim", "ours"]


def test_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    show(ROWS, ["claim", "verdict", "note"])
    out = capsys.readouterr().out
    assert "┃" in out
    assert "not reproduced" in out
    assert "[red] is no markup" in out


def test_on_a_narrow_terminal_nothing_is_cut(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    row = {"id": "light-switch/expressivity", "claims": "LS-1a LS-1b", "summary": "what one network can do " * 3}
    for width in (30, 47, 48, 100):
        monkeypatch.setenv("COLUMNS", str(width))
        show([row])
        out = capsys.readouterr().out
        assert "light-switch/expressivity" in out
        assert ("id: light-switch" in out) == (width < 48)
    show([])
