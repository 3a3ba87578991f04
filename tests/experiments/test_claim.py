"""Verdicts follow from the claim and the records alone."""

import json
import math

import pytest

from rewire.experiments import VERDICTS, Claim, Outcome, judge, summarise
from rewire.runs import Records

RECORDS = Records([{"seed": 0, "accuracy": 0.9}, {"seed": 1, "accuracy": 0.8}])


def claim(holds: bool = True, **changes) -> Claim:
    return Claim(
        id="LS-0x",
        statement="it works",
        paper=".95",
        quantity="accuracy",
        where="3.4",
        measure=lambda records: summarise(records.values("accuracy"), holds, note="two seeds"),
        **changes,
    )


@pytest.mark.parametrize(
    ("asked", "records", "verdict"),
    [
        (claim(), RECORDS, "reproduced"),
        (claim(holds=False), RECORDS, "not reproduced"),
        (claim(artefact=True), RECORDS, "artefact"),
        (claim(holds=False, artefact=True), RECORDS, "not reproduced"),
        (claim(scaled=frozenset({"quick"})), RECORDS, "scaled"),
        (claim(holds=False, scaled=frozenset({"quick"})), RECORDS, "scaled"),
        (claim(scaled=frozenset({"full"})), RECORDS, "reproduced"),
        (claim(), Records([]), "not run"),
        (claim(), Records([{"seed": 0}]), "not run"),
    ],
)
def test_verdicts(asked, records, verdict):
    row = judge(asked, records, "quick")
    assert row["verdict"] == verdict
    assert verdict in VERDICTS


def test_a_row_carries_both_numbers_and_what_stands_behind_ours():
    row = judge(claim(holds=False, scaled=frozenset({"quick"})), RECORDS, "quick")
    assert row.pop("ours") == pytest.approx(0.85)
    assert row.pop("std") == pytest.approx(0.1 / math.sqrt(2))
    assert row == {
        "claim": "LS-0x",
        "statement": "it works",
        "paper": ".95",
        "quantity": "accuracy",
        "n": 2,
        "verdict": "scaled",
        "holds": False,  # a scaled row still says which way it points
        "budget": "quick",
        "where": "3.4",
        "note": "two seeds",
    }


def test_a_measurement_that_lacks_its_records_is_not_run_and_says_why():
    broken = Claim("LS-0x", "", "", "", lambda records: summarise([records.by("seed")[7].values("x")[0]], True))
    row = judge(broken, RECORDS, "quick")
    assert (row["verdict"], row["n"], row["ours"]) == ("not run", 0, None)
    assert row["note"] == "could not be measured: KeyError: 7"


def test_a_bug_in_a_measurement_is_not_hidden():
    with pytest.raises(TypeError):
        judge(Claim("LS-0x", "", "", "", lambda records: records + 1), RECORDS, "quick")  # pyright: ignore


def test_numbers_that_json_does_not_know_become_text():
    odd = Claim("LS-0x", "", "", "", lambda records: Outcome(math.inf, math.nan, 2, holds=False))
    row = judge(odd, RECORDS, "quick")
    assert (row["ours"], row["std"]) == ("inf", "nan")
    json.dumps(row, allow_nan=False)


def test_one_value_has_no_spread():
    outcome = summarise([0.5], holds=True)
    assert outcome is not None
    assert outcome.std is None
    assert summarise([], holds=True) is None
