"""What 7.1 and 9 say of the pruned fully connected network, and what our records say."""

from rewire.experiments.claim import Claim, Outcome, summarise
from rewire.experiments.tickets.mlp.stages import FAITHFUL, GENTLE, POPULAR
from rewire.experiments.tickets.shared.claims import (
    compared,
    densities,
    differences,
    empty_units,
    first_below,
    left,
    levels,
    mean,
)
from rewire.runs import Records

COLLAPSED = 0.8
TOLERANCE = 0.005


def a_tenth_is_enough(records: Records) -> Outcome | None:
    """LT-1: at the first level with at most 10 % left, within .5 pp of the dense network or better."""
    found, density = levels(records, FAITHFUL), densities(records, FAITHFUL)
    tenth = min(level for level, fraction in density.items() if fraction <= 0.1)
    holds = mean(differences(found[tenth], found[0])) >= -TOLERANCE
    return summarise(list(found[tenth].values()), holds, f"{_small(records, FAITHFUL)}; {_small(records, POPULAR)}")


def _small(records: Records, label: str) -> str:
    """What a trainer's network of at most 10 % is worth, and how far it can be pruned without losing .5 pp."""
    found, density = levels(records, label), densities(records, label)
    tenth = min(level for level, fraction in density.items() if fraction <= 0.1)
    good = [level for level in found if mean(differences(found[level], found[0])) >= -TOLERANCE]
    return f"{label}: {compared(found, tenth, density)}, within .5 pp of it down to {left(density[max(good)])}"


def collapse_comes_of_frozen_negatives(records: Records) -> Outcome | None:
    """LT-1-collapse: below 80 % soon after 95 % is pruned by the popular trainer, and later by the faithful one."""
    popular, best = (first_below(records, POPULAR, COLLAPSED, of) for of in ("accuracy", "best_accuracy"))
    faithful = first_below(records, FAITHFUL, COLLAPSED)
    if best is None:
        return Outcome(None, None, len(levels(records, POPULAR)[0]), False, _where(records, POPULAR, None))
    gentle = len(records.where(label=GENTLE))  # a comparison, without which the claim stands as well
    holds = 0.01 <= best[1] <= 0.05 and (faithful is None or faithful[1] < best[1])
    note = (
        f"% left at the first level below 80 %: {_where(records, POPULAR, best)} by its best test epoch, as it "
        f"reports; at the end of training {_where(records, POPULAR, popular)}, {_where(records, FAITHFUL, faithful)}, "
        + (_where(records, GENTLE, first_below(records, GENTLE, COLLAPSED)) if gentle else f"{GENTLE} not run")
    )
    return Outcome(100 * best[1], None, len(levels(records, POPULAR)[0]), holds, note)


def _where(records: Records, label: str, low: tuple[int, float] | None) -> str:
    """A trainer's first level below 80 %, and how many outputs are cut off from the network there."""
    if low is None:
        return f"{label} none down to {left(min(densities(records, label).values()))}"
    return f"{label} {left(low[1])} ({empty_units(records, label, low[0]):.2g} outputs without a weight)"


def some_level_is_better(records: Records) -> Outcome | None:
    """LT-4: the best level's mean gain over the dense network, in percentage points."""
    found, density = levels(records, FAITHFUL), densities(records, FAITHFUL)
    gains = {level: differences(values, found[0]) for level, values in found.items() if level > 0}
    best = max(gains, key=lambda level: mean(gains[level]))
    if len(gains[best]) < 3:
        raise ValueError(f"needs at least 3 seeds; got {len(gains[best])}")
    points = [100 * gain for gain in gains[best]]
    note = (
        f"{compared(found, best, density)}; gains of the seeds {', '.join(f'{p:+.2f}' for p in points)} pp; the best "
        f"of {len(gains)} levels is chosen on the same test set, which flatters it"
    )
    return summarise(points, mean(points) > 0, note)


CLAIMS = (
    Claim(
        "LT-1",
        "with more than 90 % pruned the network is about as accurate as the dense one",
        "≈ dense at 10 % left",
        "7.1, Fig 1, Table 1",
        a_tenth_is_enough,
        scaled=frozenset({"quick"}),
        quantity="accuracy at most 10 % left, faithful",
    ),
    Claim(
        "LT-1-collapse",
        "with more than 95 % pruned the accuracy falls below 80 %",
        "< 80 % beyond 95 % pruned",
        "7.1, Fig 1, Table 1",
        collapse_comes_of_frozen_negatives,
        artefact=True,
        scaled=frozenset({"quick"}),
        quantity="% left where it falls, popular repository",
    ),
    Claim(
        "LT-4",
        "some pruned network is better than the original",
        "> 0 (Frankle & Carbin: +.3)",
        "9",
        some_level_is_better,
        scaled=frozenset({"quick"}),
        quantity="gain of the best level, pp",
    ),
)
