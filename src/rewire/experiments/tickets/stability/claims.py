"""What the report's survey (§3) takes from Frankle et al. 2019 and 2020 on stability, and what our records say.

The printed distances are of 50,000 steps; how far two networks end apart grows with training, so ratios are compared.
"""

import statistics
from collections.abc import Callable

from rewire.experiments.claim import Claim, Outcome, summarise
from rewire.experiments.tickets.shared.claims import differences, mean, spread
from rewire.runs import Records

DENSE, TICKET, RANDOM = "dense", "ticket", "random mask"
RATIO = 1.3
STABLE = 0.02
QUICK = frozenset({"quick"})


def seeds(records: Records, of: str, **equal: object) -> dict[int, float]:
    """Seed → value of `of`. LookupError where there is none."""
    found = {row["seed"]: row[of] for row in records.where(**equal) if of in row}
    if not found:
        raise LookupError(f"no {of} of {equal}")
    return dict(sorted(found.items()))


def rewinds(records: Records) -> list[int]:
    """The rewinding steps that were run."""
    return sorted(records.by("rewind"))


def ratios(records: Records, to: str, of: str, rewind: int) -> list[float]:
    """Per seed, how many times as far apart the random networks are."""
    random, ticket = (seeds(records, of, to=to, network=name, rewind=rewind) for name in (RANDOM, TICKET))
    return [random[seed] / ticket[seed] for seed in ticket if seed in random]


def more_stable(to: str) -> Callable[[Records], Outcome | None]:
    """LT-11a, b: at k = 0 the random mask's distance is more than 1.3 times the ticket's."""

    def measure(records: Records) -> Outcome | None:
        found = {k: ratios(records, to, "distance", k) for k in rewinds(records)}
        apart = [mean(seeds(records, "distance", to=to, network=name, rewind=0)) for name in (TICKET, RANDOM)]
        angles = [mean(seeds(records, "angle", to=to, network=name, rewind=0)) for name in (TICKET, RANDOM)]
        note = (
            f"L2 {apart[0]:.2f} ticket, {apart[1]:.2f} random; angle {angles[0]:.1f}° and {angles[1]:.1f}°; ratio by "
            + "rewinding step: "
            + ", ".join(f"{k}: {statistics.fmean(values):.2f}" for k, values in found.items())
        )
        return summarise(found[0], statistics.fmean(found[0]) > RATIO, note)

    return measure


def more_accurate(records: Records) -> Outcome | None:
    """LT-11c: at k = 0, percentage points between the ticket and the random mask."""
    dense, ticket, random = (seeds(records, "accuracy", network=name, rewind=0) for name in (DENSE, TICKET, RANDOM))
    gains = [100 * gain for gain in differences(ticket, random)]
    note = f"dense {spread(dense)}, ticket {spread(ticket)}, random mask {spread(random)}"
    return summarise(gains, statistics.fmean(gains) > 0, note)


def late_resetting(records: Records) -> Outcome | None:
    """LT-11d: the later the step, the nearer to the dense network the ticket ends, and it is no worse (.2 pp)."""
    found, random = (
        {k: seeds(records, "angle", to="pruning", network=name, rewind=k) for k in rewinds(records)}
        for name in (TICKET, RANDOM)
    )
    accuracy = {k: seeds(records, "accuracy", network=TICKET, rewind=k) for k in found}
    late = [k for k in found if k > 0]
    if not late:
        return None
    nearer = all(mean(found[k]) < mean(found[0]) for k in late)
    gains = {k: [100 * gain for gain in differences(accuracy[k], accuracy[0])] for k in late}
    best = max(late, key=lambda k: statistics.fmean(gains[k]))
    note = "; ".join(
        f"k = {k}: {mean(found[k]):.1f}° (random mask {mean(random[k]):.1f}°), {spread(accuracy[k])}" for k in found
    )
    note += (
        f". Fewer steps apart bring any two networks nearer, so the random mask falls too. Gain at the best of "
        f"{len(late)} later steps, k = {best}, chosen on the test set"
    )
    return summarise(gains[best], nearer and statistics.fmean(gains[best]) > -0.2, note)


def connected(records: Records) -> Outcome | None:
    """LT-11e: at k = 0 the error on the line between two orders stays within 2 pp of the ends', for the ticket."""
    found = {
        name: {k: seeds(records, "instability", network=name, rewind=k) for k in rewinds(records)}
        for name in (TICKET, RANDOM)
    }
    note = "instability by rewinding step: " + "; ".join(
        f"{name} " + ", ".join(f"{k}: {spread(values)}" for k, values in each.items()) for name, each in found.items()
    )
    percent = [100 * value for value in found[TICKET][0].values()]
    return summarise(percent, mean(found[TICKET][0]) < STABLE, note)


CLAIMS = (
    Claim(
        "LT-11a",
        "pruned by magnitude, a ticket trained alone ends nearer to the dense network than a random subnetwork",
        "48.1 ticket, 75.7 random: 1.6",
        "§3; Frankle et al. 2019, LeNet at 10.7 %",
        more_stable("pruning"),
        scaled=QUICK,
        quantity="L2 distance, random / ticket",
    ),
    Claim(
        "LT-11b",
        "trained in two orders of the data, a ticket ends nearer to itself than a random subnetwork",
        "20.7 ticket, 58.6 random: 2.8",
        "§3; Frankle et al. 2019, LeNet at 10.7 %",
        more_stable("data order"),
        scaled=QUICK,
        quantity="L2 distance, random / ticket",
    ),
    Claim(
        "LT-11c",
        "the more stable subnetwork is the more accurate one",
        "98.3 ticket, 97.5 random: .8",
        "§3; Frankle et al. 2019, LeNet at 10.7 %",
        more_accurate,
        scaled=QUICK,
        quantity="percentage points, ticket over random",
    ),
    Claim(
        "LT-11d",
        "late resetting: rewound to a step k > 0, tickets are more stable to pruning and as accurate or more",
        "k within .1 – 7 % of training; none needed for LeNet",
        "§3; Frankle et al. 2019",
        late_resetting,
        scaled=QUICK,
        quantity="percentage points over k = 0",
    ),
    Claim(
        "LT-11e",
        "two orders of the data end in linearly connected tickets, from initialisation on for LeNet",
        "< 2 %",
        "§3; Frankle et al. 2020",
        connected,
        scaled=QUICK,
        quantity="instability of the ticket, %",
    ),
)
