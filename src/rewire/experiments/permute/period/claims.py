"""What the paper conjectures of k (5.2.2), and what our records say."""

from rewire.experiments.claim import Claim, Outcome, summarise
from rewire.experiments.permute.period.stages import ADAM, AUTO, FULL, PERIODS, label
from rewire.experiments.permute.shared.claims import curve, differences, last, mean, points, spread, within
from rewire.runs import Records

QUICK = frozenset({"quick"})
FALL = FULL.drops[0]


def periods(records: Records) -> list[int]:
    """The k that were run, ascending. LookupError for fewer than two."""
    found = [k for k in sorted({*PERIODS["full"], *PERIODS["quick"]}) if len(records.where(label=label(k)))]
    if len(found) < 2:
        raise LookupError("fewer than two k were run")
    return found


def larger_is_better(records: Records) -> Outcome | None:
    """P2-19: the best k's accuracy − the smallest k's, at the end; it holds where the best is larger in every seed."""
    found = {k: last(records, label(k)) for k in periods(records)}
    best = max(found, key=lambda k: mean(found[k]))
    gaps = differences(found[best], found[min(found)])
    others = ", ".join(f"{name} {spread(last(records, name))}" for name in (AUTO, ADAM))
    note = ", ".join(f"k = {k} {spread(values)}" for k, values in found.items())
    return summarise(
        points(gaps), best > min(found) and min(gaps) > 0, f"best k = {best}. At the end: {note}, {others}"
    )


def stalls(records: Records) -> Outcome | None:
    """P2-19-stall: slots that a sync of the smallest k moves after the first fall of the learning rate ÷ before."""
    ratios = {name: _moved_after(records, name) for name in (*map(label, periods(records)), AUTO)}
    found = ratios[label(min(periods(records)))]
    note = ", ".join(f"{name} {mean(each):.2f}" for name, each in ratios.items())
    return summarise(found, mean(found) < 0.5, f"part of the slots moved per sync, after ÷ before: {note}")


def auto_is_as_good(records: Records) -> Outcome | None:
    """P2-19-auto: k by mobility − the best fixed k, at the end, within half a point."""
    found = {k: last(records, label(k)) for k in periods(records)}
    best = max(found, key=lambda k: mean(found[k]))
    gaps = differences(last(records, AUTO), found[best])
    note = (
        f"{AUTO} {spread(last(records, AUTO))}, k = {best} {spread(found[best])}, best of {len(found)} on the test set"
    )
    return summarise(points(gaps), mean(gaps) >= -0.005, note)


def _moved_after(records: Records, name: str) -> list[float]:
    end = max(curve(records, name, "moved"))
    after, before = (within(records, name, low * end, high * end, "moved") for low, high in ((FALL, 1.0), (0.0, FALL)))
    return [after[seed] / before[seed] for seed in after]


CLAIMS = (
    Claim(
        "P2-19",
        "a larger k is better once the learning rate falls",
        "a conjecture",
        "5.2.2",
        larger_is_better,
        scaled=QUICK,
        quantity="pp, best k − smallest k",
    ),
    Claim(
        "P2-19-stall",
        "with a small k training comes to rest when the learning rate falls",
        "a conjecture",
        "5.2.2",
        stalls,
        scaled=QUICK,
        quantity="slots moved per sync, after ÷ before",
    ),
    Claim(
        "P2-19-auto",
        "k that holds k × learning rate does as well as the best fixed k (ours)",
        "not in the paper",
        "5.2.2",
        auto_is_as_good,
        scaled=QUICK,
        quantity="pp, k auto − best k",
    ),
)
