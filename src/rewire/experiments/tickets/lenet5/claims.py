"""What 7.1 says of the pruned LeNet-5, and what our records say."""

from rewire.experiments.claim import Claim, Outcome, summarise
from rewire.experiments.tickets.lenet5.stages import CONV2, STANDARD
from rewire.experiments.tickets.shared.claims import compared, densities, differences, first_below, left, levels, mean
from rewire.runs import Records

COLLAPSED = 0.8
TOLERANCE = 0.005


def a_seventh_is_enough(records: Records) -> Outcome | None:
    """LT-2: at the first level with at most 15 % left, within .5 pp of the dense network or better."""
    found, density = levels(records, STANDARD), densities(records, STANDARD)
    at = min(level for level, fraction in density.items() if fraction <= 0.15)
    holds = mean(differences(found[at], found[0])) >= -TOLERANCE
    return summarise(list(found[at].values()), holds, compared(found, at, density))


def collapse(records: Records) -> Outcome | None:
    """LT-2-collapse: the first level below 80 %, of either network; the claim is about the last 5 %."""
    low = first_below(records, STANDARD, COLLAPSED)
    note = f"% left at the first level below 80 %: {STANDARD} {_left(records, STANDARD)}"
    if len(records.where(label=CONV2)):
        note += f", {CONV2} (Conv-2) {_left(records, CONV2)}"
    seeds = len(levels(records, STANDARD)[0])
    return Outcome(None if low is None else 100 * low[1], None, seeds, low is not None and 0.01 <= low[1] <= 0.05, note)


def _left(records: Records, label: str) -> str:
    low = first_below(records, label, COLLAPSED)
    return left(low[1]) if low else f"none (down to {left(min(densities(records, label).values()))})"


CLAIMS = (
    Claim(
        "LT-2",
        "with more than 85 % pruned LeNet-5 is about as accurate as the dense one",
        "≈ dense at 15 % left",
        "7.1, Fig 2",
        a_seventh_is_enough,
        scaled=frozenset({"quick"}),
        quantity="accuracy at most 15 % left, LeNet-5",
    ),
    Claim(
        "LT-2-collapse",
        "with more than 95 % pruned LeNet-5's accuracy falls below 80 %",
        "< 80 % beyond 95 % pruned",
        "7.1, Fig 2",
        collapse,
        scaled=frozenset({"quick"}),
        quantity="% left where it falls, LeNet-5",
    ),
)
