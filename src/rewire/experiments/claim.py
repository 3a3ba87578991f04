"""A claim is what a document says, and how our records answer; the verdict follows from both, never from prose."""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rewire.runs import Records

VERDICTS = ("reproduced", "not reproduced", "artefact", "scaled", "not run")


@dataclass(frozen=True)
class Outcome:
    """What our records say about a claim: our number, its spread over n seeds, and whether the claim holds."""

    ours: float | str | None
    std: float | None
    n: int
    holds: bool
    note: str = ""


@dataclass(frozen=True)
class Claim:
    """A statement of a document and the measurement that tests it.

    Attributes:
        id: the document, the experiment and the part of it, such as "LS-5a".
        statement: what the document says, in one line.
        paper: its number, as printed there.
        where: the section, figure or table.
        measure: our answer from the records, or None when the runs it needs are missing.
        artefact: the number comes from a defect that we can switch on, and the measurement shows that it does.
        scaled: the budgets too small to confirm or refute it.
        quantity: what our number is, in a few words, such as "steps, gated ÷ separate".
    """

    id: str
    statement: str
    paper: str
    where: str
    measure: Callable[[Records], Outcome | None]
    artefact: bool = False
    scaled: frozenset[str] = frozenset()
    quantity: str = ""


def summarise(values: Sequence[float], holds: bool, note: str = "") -> Outcome | None:
    """The outcome of one number per seed: mean and sample standard deviation (None for n = 1); None for no values.

    >>> summarise([1.0, 2.0, 3.0], holds=True)
    Outcome(ours=2.0, std=1.0, n=3, holds=True, note='')
    """
    if not values:
        return None
    std = statistics.stdev(values) if len(values) > 1 else None
    return Outcome(statistics.fmean(values), std, len(values), holds, note)


def judge(claim: Claim, records: Records, budget: str) -> dict[str, Any]:
    """The claim's row of the verdict table: paper's words and number, our number, n, verdict, note.

    A measurement that fails for want of records is "not run" with the reason as its note: a claim is never dropped.
    """
    try:
        outcome, note = claim.measure(records) if len(records) else None, ""
    except (LookupError, ArithmeticError, ValueError) as error:
        outcome, note = None, f"could not be measured: {type(error).__name__}: {error}"
    return {
        "claim": claim.id,
        "statement": claim.statement,
        "paper": claim.paper,
        "ours": _finite(outcome.ours) if outcome else None,
        "std": _finite(outcome.std) if outcome else None,
        "quantity": claim.quantity,
        "n": outcome.n if outcome else 0,
        "verdict": verdict(claim, outcome, budget),
        "holds": outcome.holds if outcome else None,
        "budget": budget,
        "where": claim.where,
        "note": outcome.note if outcome else note,
    }


def verdict(claim: Claim, outcome: Outcome | None, budget: str) -> str:
    """One of VERDICTS. A budget below the paper's decides nothing; a defect explains a number only when it shows up."""
    if outcome is None:
        return "not run"
    if budget in claim.scaled:
        return "scaled"
    if not outcome.holds:
        return "not reproduced"
    return "artefact" if claim.artefact else "reproduced"


def _finite(value: float | str | None) -> float | str | None:
    """JSON has no NaN or infinity: those become text."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
