import math

from rewire.experiments.claim import VERDICTS as KNOWN
from rewire.report.claims import VERDICTS, tally, verdict, view


def test_every_verdict_has_its_own_word_symbol_and_look():
    assert tuple(mark.name for mark in VERDICTS) == KNOWN
    assert len({mark.symbol for mark in VERDICTS}) == len({mark.style for mark in VERDICTS}) == len(KNOWN)


def test_a_row_with_nothing_in_it_shows_dashes():
    shown = view({}, "a")
    assert shown.verdict.name == "not run"
    assert {cell.text for cell in shown.cells.values()} == {"–"}


def test_a_number_says_what_it_is_of():
    assert view({"ours": 3.2, "quantity": "steps, gated ÷ separate"}, "a").quantity == "steps, gated ÷ separate"


def test_not_a_number_shows_as_a_dash_and_sorts_as_nothing():
    cell = view({"ours": math.nan, "std": math.nan}, "a").cells["ours"]
    assert (cell.text, cell.key) == ("–", "")


def test_only_a_scaled_claim_says_which_way_it_points():
    assert view({"verdict": "scaled", "holds": True}, "a").extra == "points the paper's way"
    assert view({"verdict": "scaled", "holds": False}, "a").extra == "points the other way"
    assert view({"verdict": "reproduced", "holds": True}, "a").extra == ""


def test_a_verdict_of_a_later_version_is_counted_too():
    rows = [view({"verdict": name}, "a") for name in ("mystery", "not run", "reproduced", "mystery")]
    assert [(mark.name, count) for mark, count in tally(rows)] == [("reproduced", 1), ("not run", 1), ("mystery", 2)]
    assert verdict("mystery").symbol == "?"
