"""What a ticket is worth on data it was not found on, by our records."""

from rewire.experiments.claim import Claim, Outcome
from rewire.experiments.tickets.datasets.stages import FASHION, MNIST, other
from rewire.experiments.tickets.shared.claims import densities, differences, left, levels, mean, nearest, spread
from rewire.experiments.tickets.shared.transfer import named
from rewire.runs import Records

OWN, MOVED, RANDOM = "own ticket", "moved ticket", "random mask"
REFERENCE = 0.12  # of the weights: well below where a random mask is as good, and 10–13 % by either budget


def on(records: Records, target: str) -> Records:
    """The records of all trainings on one dataset, labelled by what was trained there."""
    tickets = named(records, {(target, False): OWN, (other(target), True): MOVED})
    controls = records.where(label=other(target), control=RANDOM)
    return Records([*tickets, *({**row, "label": RANDOM} for row in controls)])


def a_ticket_moves_between_datasets(records: Records) -> Outcome | None:
    """LT-5-datasets: in both directions the moved ticket is better than the random mask, by the mean of the seeds."""
    gains, notes = zip(*(_moved(on(records, target), target) for target in (FASHION, MNIST)), strict=True)
    ours = ", ".join(f"{100 * mean(gain):+.2f}" for gain in gains)
    return Outcome(ours, None, min(map(len, gains)), all(mean(gain) > 0 for gain in gains), "; ".join(notes))


def _moved(records: Records, target: str) -> tuple[list[float], str]:
    """What a moved ticket gains over a random mask, by seed, and how it stands to the target's own."""
    own, moved, random = (levels(records, label) for label in (OWN, MOVED, RANDOM))
    density = {level: each for level, each in densities(records, MOVED).items() if level in own and level in random}
    at = nearest(density, REFERENCE)
    gap = 100 * mean(differences(moved[at], own[at]))
    note = (
        f"on {target}, {left(density[at])} left: from {other(target)} {spread(moved[at])}, "
        f"random mask {spread(random[at])}, its own ticket {spread(own[at])} (moved − own {gap:+.2f} pp)"
    )
    return differences(moved[at], random[at]), note


CLAIMS = (
    Claim(
        "LT-5-datasets",
        "a ticket found on MNIST or on Fashion-MNIST is better on the other than a random mask (at 10–13 % left)",
        "–",
        "§7.2, on other data; after Morcos et al. 2019",
        a_ticket_moves_between_datasets,
        scaled=frozenset({"quick"}),
        quantity="moved − random mask, pp, on Fashion-MNIST, on MNIST",
    ),
)
