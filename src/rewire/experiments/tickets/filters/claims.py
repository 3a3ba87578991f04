"""What 3 says of filter pruning (Li et al. 2017), and what our records say."""

from collections.abc import Mapping

from rewire.experiments.claim import Claim, Outcome, summarise
from rewire.experiments.tickets.filters.stages import COSTS, NETWORKS, PUBLISHED, TRAINED
from rewire.experiments.tickets.shared.claims import differences, mean, spread
from rewire.runs import Records

ROUNDING = 1e-5  # of the largest output, in float32
LOSS = 0.5  # percentage points of accuracy
LESS = 0.34  # of the multiply-adds, about what Li et al. spare of VGG-16
PAPER_LESS = 0.342
HALF = 0.5


def outputs_are_equal(records: Records) -> Outcome | None:
    """LT-10a: the largest difference of masked and shrunk outputs, in evaluation and in training mode."""
    rows = [row for row in records if "difference" in row]
    if not rows:
        return None
    worst = {name: max(row["difference"] for row in each) for name, each in Records(rows).by("network").items()}
    note = (
        f"largest difference by the largest output, {len(rows)} comparisons of random and of chosen filters: "
        + ", ".join(f"{name} {value:.1e}" for name, value in worst.items())
        + "; float32 rounds at 6.0e-08 per operation"
    )
    enough = set(NETWORKS) <= set(worst)
    return Outcome(
        max(worst.values()), None, len({row["seed"] for row in rows}), enough and max(worst.values()) <= ROUNDING, note
    )


def accuracy_returns(records: Records) -> Outcome | None:
    """LT-10b: what LeNet-5 loses at the mildest pruning that spares a third of the multiply-adds, after retraining.

    Against the dense network trained on for as long: retraining alone gains something where training was short.
    """
    mine = records.where(label=TRAINED)
    spared = savings(mine)
    keep = max(keep for keep, less in spared.items() if less >= LESS)
    dense, longer = (by_seed(mine, state, 1.0) for state in ("dense", "longer"))
    lost = [100 * each for each in differences(longer, by_seed(mine, "retrained", keep))]
    shown = {"pruned": "pruned", "retrained": "retrained"}
    shown |= {"scratch": "the same network trained from nothing"} if len(mine.where(state="scratch")) else {}
    note = (
        f"keeping {keep:.0%} of the filters spares {spared[keep]:.0%} of the multiply-adds; dense {spread(dense)}, "
        f"trained on as long as the pruned ones {spread(longer)}, "
        + ", ".join(f"{words} {spread(by_seed(mine, state, keep))}" for state, words in shown.items())
        + ". pp lost after retraining at "
        + ", ".join(f"{each:.0%} of filters: {_lost(mine, longer, each):.2f}" for each in spared if each < 1)
    )
    return summarise(lost, mean(lost) <= LOSS, note)


def multiply_adds_go(records: Records) -> Outcome | None:
    """LT-10c: the multiply-adds that Li et al.'s choice of VGG-16's filters spares, counted on the shrunk network."""
    mine = records.where(label=COSTS, network=PUBLISHED)
    if not len(mine):
        return None
    dense, small = (mine.where(state=state) for state in ("dense", "shrunk"))
    spared = [1 - b / a for a, b in zip(dense.values("multiply_adds"), small.values("multiply_adds"))]
    weights = 1 - small.values("parameters")[0] / dense.values("parameters")[0]
    note = (
        f"{dense.values('multiply_adds')[0]:.3g} → {small.values('multiply_adds')[0]:.3g} multiply-adds, parameters "
        f"−{weights:.1%} (printed: 3.13e8 → 2.06e8, −64.0%); not trained, CIFAR-10 being too dear on a CPU. At half of "
        "the filters, untrained: " + "; ".join(_cost(records, name) for name in NETWORKS)
    )
    return Outcome(100 * spared[0], None, len(spared), abs(spared[0] - PAPER_LESS) < 5e-4, note)


def savings(records: Records) -> dict[float, float]:
    """Fraction kept → fraction of the multiply-adds spared, of the trained network (seeds agree)."""
    rows = [row for row in records if "state" in row]
    dense = next(row["multiply_adds"] for row in rows if row["state"] == "dense")
    return {row["keep"]: 1 - row["multiply_adds"] / dense for row in rows}


def by_seed(records: Records, state: str, keep: float) -> dict[int, float]:
    """Seed → test accuracy. LookupError where there is none."""
    found = {row["seed"]: row["accuracy"] for row in records.where(state=state, keep=keep)}
    if not found:
        raise LookupError(f"no accuracy of {state!r} at {keep:g}")
    return found


def _lost(records: Records, longer: Mapping[int, float], keep: float) -> float:
    return 100 * mean(differences(longer, by_seed(records, "retrained", keep)))


def _cost(records: Records, name: str) -> str:
    dense, small = (records.where(label=COSTS, network=name, keep=keep) for keep in (1.0, HALF))
    before, after = (next(row for row in each if "parameters" in row) for each in (dense, small))
    return (
        f"{name} {before['parameters']:,} → {after['parameters']:,} parameters, {before['multiply_adds'] / 1e6:.3g} → "
        f"{after['multiply_adds'] / 1e6:.3g}M multiply-adds, {mean(small.values('faster')):.2f} times as fast"
    )


CLAIMS = (
    Claim(
        "LT-10a",
        "a network without the filters computes what one with them masked does",
        "no number",
        "3 (Li et al. 2017)",
        outputs_are_equal,
        quantity="largest difference ÷ largest output",
    ),
    Claim(
        "LT-10b",
        "filters with small L1 norms can go at almost no loss when the network is trained on",
        "≤ .5 pp asked (Li et al., VGG-16: error 6.75 → 6.60 %)",
        "3 (Li et al. 2017)",
        accuracy_returns,
        scaled=frozenset({"quick"}),
        quantity="pp lost, LeNet-5, ≥ 34 % fewer multiply-adds",
    ),
    Claim(
        "LT-10c",
        "pruned VGG-16 needs a third fewer multiply-adds",
        "34.2 %",
        "3 (Li et al. 2017, Table 1)",
        multiply_adds_go,
        quantity="% of multiply-adds spared",
    ),
)
