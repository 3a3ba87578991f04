"""Claims as the page shows them: a verdict is always a word and a symbol, its colour only repeats them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rewire.report.words import MISSING, duration, number, plain, sort_key, spread


@dataclass(frozen=True)
class Verdict:
    """One of the five verdicts: its word, symbol, CSS class and what it means."""

    name: str
    symbol: str
    style: str
    meaning: str


VERDICTS = (
    Verdict("reproduced", "✓", "good", "our measurement agrees with the paper's statement"),
    Verdict("not reproduced", "✗", "bad", "our measurement contradicts it"),
    Verdict("artefact", "◆", "artefact", "the paper's number comes from a defect that we can switch on"),
    Verdict("scaled", "◐", "scaled", "measured, but with a smaller budget than the paper's"),
    Verdict("not run", "○", "none", "nothing measured yet"),
)


@dataclass(frozen=True)
class Cell:
    """What a column shows of a claim, and the key the page's script sorts it by."""

    text: str
    key: str


@dataclass(frozen=True)
class ClaimView:
    """One line of the claims table; `cells` by column name, `extra` says which way a scaled claim points,
    `quantity` what our number is."""

    recipe: str
    claim: str
    statement: str
    where: str
    note: str
    verdict: Verdict
    extra: str
    quantity: str
    cells: Mapping[str, Cell]


def verdict(name: Any) -> Verdict:
    """The verdict of that name; an unknown one keeps its word and gets a neutral look."""
    known = {v.name: v for v in VERDICTS}
    return known.get(str(name)) or Verdict(str(name), "?", "none", "a verdict this version does not know")


def view(row: Mapping[str, Any], recipe: str) -> ClaimView:
    """A row of `rewire run` as a line of the table; missing keys show as a dash, nothing raises."""
    mark = verdict(row.get("verdict", "not run"))
    return ClaimView(
        recipe=recipe,
        claim=_text(row.get("claim")),
        statement=_text(row.get("statement")),
        where=str(row.get("where") or ""),
        note=str(row.get("note") or ""),
        verdict=mark,
        extra=_direction(mark, row.get("holds")),
        quantity=str(row.get("quantity") or ""),
        cells={
            "paper": Cell(_text(row.get("paper")), sort_key(row.get("paper"))),
            "ours": Cell(spread(row.get("ours"), row.get("std")), sort_key(row.get("ours"))),
            "n": Cell(number(row.get("n")), sort_key(row.get("n"))),
            "budget": Cell(_text(row.get("budget")), sort_key(row.get("budget"))),
            "seconds": Cell(duration(row.get("seconds")), sort_key(row.get("seconds"))),
        },
    )


def tally(claims: Sequence[ClaimView]) -> list[tuple[Verdict, int]]:
    """How many claims got each verdict, best news first; verdicts nobody got are left out.

    >>> [(v.name, n) for v, n in tally([view({"verdict": "scaled"}, "a"), view({"verdict": "reproduced"}, "a")])]
    [('reproduced', 1), ('scaled', 1)]
    """
    counts = Counter(claim.verdict for claim in claims)
    return [(mark, counts[mark]) for mark in _unique((*VERDICTS, *counts)) if counts[mark]]


def _direction(mark: Verdict, holds: Any) -> str:
    if mark.name != "scaled" or holds is None:
        return ""
    return "points the paper's way" if holds else "points the other way"


def _text(value: Any) -> str:
    return MISSING if value is None or value == "" else plain(value)


def _unique(marks: Iterable[Verdict]) -> list[Verdict]:
    return list(dict.fromkeys(marks))
