"""What §3 says of optimal brain damage, and what our records say."""

from functools import partial

from rewire.experiments.claim import Claim, Outcome, summarise
from rewire.experiments.tickets.obd.stages import (
    CUT,
    HUTCHINSON,
    ITERATED,
    MAGNITUDE,
    OBD,
    ONE_SHOT,
    PRINTED,
    RANDOM,
    SCOPES,
)
from rewire.experiments.tickets.shared.claims import differences, left, mean, spread
from rewire.runs import Records

HALF = 0.5
Gaps = dict[float, list[float]]


def one_shot(records: Records, scope: str) -> Outcome | None:
    """LT-8: after one cut and retraining, OBD − magnitude in percentage points, mean over what is left and seeds."""
    gaps = gaps_of(records, "accuracy", part=ONE_SHOT, scope=scope)
    cut = gaps_of(records, "accuracy", part=CUT, scope=scope)
    points = pooled(gaps)
    note = f"by fraction left, retrained: {_listed(gaps)}; before retraining: {_listed(cut)}"
    return summarise(points, mean(points) >= 0, note)


def iterated(records: Records) -> Outcome | None:
    """LT-8-iterated: the same of steps 2–6 over and over, and what iterating itself gains at the last fraction."""
    gaps = gaps_of(records, "accuracy", key="density", part=ITERATED)
    last = min(gaps)
    once = min(gaps_of(records, "accuracy", part=ONE_SHOT, scope="global"))
    beside = ", ".join(
        f"{name} {spread(by_seed(records, 'accuracy', part=ITERATED, criterion=name, density=last))} iterated, "
        f"{spread(by_seed(records, 'accuracy', part=ONE_SHOT, scope='global', criterion=name, left=once))} one-shot"
        for name in (OBD, MAGNITUDE)
    )
    points = pooled(gaps)
    return summarise(points, mean(points) >= 0, f"by fraction left: {_listed(gaps)}. At {left(last)}: {beside}")


def least_loss(records: Records) -> Outcome | None:
    """LT-8-loss: what one cut adds to the test loss, OBD − magnitude, as long as half of the weights or more is left.

    The saliency is a second-order term: it speaks of small cuts. The others stand in the note.
    """
    gaps = {scope: gaps_of(records, "loss", part=CUT, scope=scope) for scope in SCOPES}
    small = {scope: {at: each for at, each in found.items() if at >= HALF} for scope, found in gaps.items()}
    values = [mean(each) for each in zip(*(pooled(found, 1) for found in small.values()))]
    note = "; ".join(f"{scope}: {_listed(found, 1, '')}" for scope, found in gaps.items())
    return summarise(values, mean(values) <= 0, f"loss gained by OBD − by magnitude, per fraction left. {note}")


def as_printed(records: Records) -> Outcome | None:
    """LT-8-step-4: accuracy with half the weights cut by h u / 2; it holds if that is no worse than by h u² / 2."""
    at = {
        name: by_seed(records, "accuracy", part=CUT, scope="global", left=HALF, criterion=name)
        for name in (PRINTED, OBD, HUTCHINSON, MAGNITUDE, RANDOM)
    }
    note = f"at half the weights, no retraining: {', '.join(f'{name} {spread(each)}' for name, each in at.items())}"
    holds = mean(differences(at[PRINTED], at[OBD])) >= 0
    return summarise([100 * value for value in at[PRINTED].values()], holds, note)


def by_seed(records: Records, of: str, **equal: object) -> dict[int, float]:
    """Seed → value of the rows that equal these. LookupError where there is none."""
    rows = records.where(**equal)
    found = {row["seed"]: row[of] for row in rows if of in row}
    if not found:
        raise LookupError(f"no {of} of {', '.join(map(str, equal.values()))}")
    return dict(sorted(found.items()))


def gaps_of(records: Records, of: str, key: str = "left", **equal: object) -> Gaps:
    """OBD − magnitude per fraction left, paired by seed, largest fraction first."""
    found = {}
    for at in sorted({row[key] for row in records.where(criterion=OBD, **equal) if of in row}, reverse=True):
        ours, theirs = (by_seed(records, of, criterion=name, **{key: at}, **equal) for name in (OBD, MAGNITUDE))
        found[at] = differences(ours, theirs)
    if not found:
        raise LookupError(f"no {of} of OBD, {', '.join(map(str, equal.values()))}")
    return found


def pooled(gaps: Gaps, unit: float = 100) -> list[float]:
    """One mean over all fractions per seed."""
    return [unit * mean(each) for each in zip(*gaps.values(), strict=True)]


def _listed(gaps: Gaps, unit: float = 100, name: str = " pp") -> str:
    return ", ".join(f"{left(at)} {unit * mean(each):+.2g}{name}" for at, each in gaps.items())


CLAIMS = (
    Claim(
        "LT-8",
        "deleting the least saliencies h_kk u_k²/2 and retraining is no worse than deleting the least magnitudes",
        "description only (OBD ≥ magnitude)",
        "§3, OBD steps 1–5",
        partial(one_shot, scope="global"),
        scaled=frozenset({"quick"}),
        quantity="pp, OBD − magnitude, one-shot",
    ),
    Claim(
        "LT-8-layer",
        "nor is it where every layer is sorted by itself, as the report prunes",
        "description only (OBD ≥ magnitude)",
        "§3, OBD steps 1–5",
        partial(one_shot, scope="layer"),
        scaled=frozenset({"quick"}),
        quantity="pp, OBD − magnitude, one-shot",
    ),
    Claim(
        "LT-8-iterated",
        "nor is it when the steps are iterated",
        "description only (OBD ≥ magnitude)",
        "§3, OBD step 6",
        iterated,
        scaled=frozenset({"quick"}),
        quantity="pp, OBD − magnitude, iterated",
    ),
    Claim(
        "LT-8-loss",
        "the weights of the least saliencies are those that the loss misses least",
        "description only (≤ 0)",
        "§3, OBD steps 3–5",
        least_loss,
        scaled=frozenset({"quick"}),
        quantity="test loss gained, OBD − magnitude, ≥ half left",
    ),
    Claim(
        "LT-8-step-4",
        "the saliency of a weight is h_kk u_k/2 (as printed; LeCun et al. 1990: h_kk u_k²/2)",
        "a formula",
        "§3, OBD step 4",
        as_printed,
        quantity="% right with half cut by it",
    ),
)
