"""What the paper says of moving random zeros before training (5.2.3), and what our records say."""

from collections.abc import Sequence

from rewire.experiments.claim import Claim, Outcome, summarise
from rewire.experiments.permute.rewiring.stages import END, FIXED, LATER, PERMUTED, REWIRED, START
from rewire.experiments.permute.shared.claims import (
    at,
    curve,
    differences,
    first,
    last,
    mean,
    points,
    spread,
    within,
)
from rewire.runs import Records

PLATEAU, NEAR = 0.60, 0.12
STEPS = (1000, 1500)  # where the first phase has come to rest
MOST = 0.8  # four seeds of five
PRINTED = 1.16e6
QUICK = frozenset({"quick"})


def plateau(records: Records) -> Outcome | None:
    """P2-15: accuracy with 90 % zeros while only places change."""
    found = within(records, REWIRED, *STEPS)
    after = ", ".join(f"{spread(at(records, REWIRED, step))} at {step}" for step in (450, 900, 1500))
    note = f"{after}; {FIXED} by Adam {spread(at(records, FIXED, STEPS[1]))} at {STEPS[1]}"
    return summarise(points(found), abs(mean(found) - PLATEAU) <= NEAR, note)


def better_later(records: Records) -> Outcome | None:
    """P2-15-later: rewired − fixed over what is, in the paper, epochs 26 to 48; ahead in four seeds of five."""
    end = max(curve(records, REWIRED))
    rewired, fixed = (within(records, label, LATER * end) for label in (REWIRED, FIXED))
    gaps = differences(rewired, fixed)
    ahead = sum(gap > 0 for gap in gaps)
    ends = ", ".join(f"{label} {spread(last(records, label))}" for label in (REWIRED, FIXED))
    note = f"ahead in {ahead} of {len(gaps)} seeds; at last {ends}; the weights that are there train in both"
    return summarise(points(gaps), mean(gaps) > 0 and ahead >= MOST * len(gaps), note)


def zeros_move(records: Records) -> Outcome | None:
    """P2-16: the part of the first layer's slots whose zero came or went, and whether vectors keep their zeros."""
    rows = _zeros(records, START, PERMUTED)
    whole = all(row["vectors"] for row in rows)
    layers = _by_layer(rows)
    exact = all(first(records, REWIRED, "permuted").values())
    note = "; ".join(f"{layer}: {mean(found):.4f}" for layer, found in layers.items())
    note += f"; zeros of each weight vector as before: {_word(whole)}; all values too: {_word(exact)}"
    values = next(iter(layers.values()))
    return summarise(values, min(values) > 0 and whole and exact, note)


def zeros_stay(records: Records) -> Outcome | None:
    """P2-16-frozen: the same of every stretch in which the zeros are frozen."""
    rows = [*_zeros(records, PERMUTED, END), *_zeros(records, START, END)]
    moved = [row["hamming"] for row in rows]
    return summarise(moved, max(moved) == 0, f"{len(moved)} layers of {len(records.by('seed'))} seeds, both networks")


def fewer_configurations(records: Records) -> Outcome | None:
    """P2-17: log10 of how many orders of its zeros a network has."""
    printed, counted, weights = (first(records, REWIRED, key) for key in ("log10_printed", "log10_counted", "left"))
    value = mean(printed)
    note = (
        f"Σ log10((.9 fan-in)!) over all weight vectors; with the zeros that were drawn {mean(counted):,.0f}; "
        f"{mean(weights):,.0f} weights are left"
    )
    return summarise(list(printed.values()), abs(value - PRINTED) <= 0.005 * PRINTED, note)


def _zeros(records: Records, start: str, end: str) -> list[dict]:
    rows = [row for row in records if row.get("from") == start and row.get("to") == end]
    if not rows:
        raise LookupError(f"no zeros from {start!r} to {end!r}")
    return sorted(rows, key=lambda row: row["seed"])


def _by_layer(rows: Sequence[dict]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for row in rows:
        found.setdefault(row["layer"], []).append(row["hamming"])
    return found


def _word(true: bool) -> str:
    return "yes" if true else "no"


CLAIMS = (
    Claim(
        "P2-15",
        "with 90 % random zeros, moving values and zeros alone plateaus",
        "≈ 60 %",
        "5.2.3, Fig 15",
        plateau,
        quantity="test accuracy, %, batches 1000–1500",
    ),
    Claim(
        "P2-15-later",
        "trained on from there, the rewired network is better than one whose zeros never moved",
        "> 0 from epoch 25 on",
        "5.2.3, Fig 15",
        better_later,
        scaled=QUICK,
        quantity="pp, rewired − fixed, epochs 26–48",
    ),
    Claim(
        "P2-16",
        "LAPerm moves connections, and each weight vector keeps as many",
        "a picture",
        "Figs 13, 14 (b)",
        zeros_move,
        quantity="Hamming distance, first layer",
    ),
    Claim(
        "P2-16-frozen",
        "training with frozen zeros moves none",
        "0",
        "Figs 13, 14 (c)",
        zeros_stay,
        quantity="Hamming distance, all layers",
    ),
    Claim(
        "P2-17",
        "such a network has 10^1,160,000 fewer configurations",
        "1.16e6",
        "5.2.3",
        fewer_configurations,
        quantity="log10 of the orders of zeros",
    ),
)
