"""What 7.2 says of tickets moved between halves of the data, and what our records say."""

from rewire.experiments.claim import Claim, Outcome, summarise
from rewire.experiments.tickets.halves.stages import FAITHFUL, POPULAR, trainings
from rewire.experiments.tickets.shared.claims import densities, differences, left, levels, mean, spread
from rewire.experiments.tickets.shared.transfer import named
from rewire.runs import Records

GAP, FLOOR, NEAR = 0.005, 0.955, 0.005
REPORTED = {"T1 on S1": 0.9574, "T1 on S2": 0.9614}


def a_ticket_moves_between_halves(records: Records) -> Outcome | None:
    """LT-5: the smallest ticket of S1, trained on S2, against the same trained on S1, by the faithful trainer."""
    own, moved = (_smallest(records, FAITHFUL, name) for name in REPORTED)
    gaps = [100 * gap for gap in differences(moved, own)]
    holds = abs(mean(gaps)) <= 100 * GAP and min(mean(own), mean(moved)) >= FLOOR
    return summarise(gaps, holds, f"{_all(records, FAITHFUL)}; {_all(records, POPULAR)}")


def values_come_of_the_popular_trainer(records: Records) -> Outcome | None:
    """LT-5-values: both reported numbers within .5 pp by the popular trainer as it reports, and not by the faithful."""
    fits = {name: _fits(records, name, of) for name, of in ((FAITHFUL, "accuracy"), (POPULAR, "best_accuracy"))}
    own, moved = (_smallest(records, POPULAR, name, "best_accuracy") for name in REPORTED)
    words = ", ".join(f"{name} {'within' if fit else 'not within'} .5 pp of both" for name, fit in fits.items())
    note = f"T1 on S1 {spread(own)}, T1 on S2 {spread(moved)}, best test epoch; {words}"
    return summarise([100 * value for value in own.values()], fits[POPULAR] and not fits[FAITHFUL], note)


def _smallest(records: Records, trainer: str, name: str, of: str = "accuracy") -> dict[int, float]:
    """Seed → accuracy of one training's smallest ticket."""
    found = levels(named(records, trainings(trainer)), name, of)
    return found[max(found)]


def _fits(records: Records, trainer: str, of: str) -> bool:
    near = (abs(mean(_smallest(records, trainer, name, of)) - value) <= NEAR for name, value in REPORTED.items())
    return all(near)


def _all(records: Records, trainer: str) -> str:
    mine = named(records, trainings(trainer))
    each = [f"{name} {spread(_smallest(records, trainer, name))}" for name in mine.by("label")]
    best = [f"{spread(_smallest(records, trainer, name, 'best_accuracy'))}" for name in REPORTED]
    density = min(densities(mine, "T1 on S1").values())
    return f"{trainer}, {left(density)} left: {', '.join(each)} (best test epoch: T1 {best[0]}, {best[1]})"


CLAIMS = (
    Claim(
        "LT-5",
        "a ticket found on one half of the data is as good when trained on the other",
        "95.74, 96.14 (+.40)",
        "7.2, Fig 3",
        a_ticket_moves_between_halves,
        scaled=frozenset({"quick"}),
        quantity="pp gained by moving T1 from S1 to S2",
    ),
    Claim(
        "LT-5-values",
        "its accuracies at 3.1 % left",
        "95.74, 96.14",
        "7.2, Fig 3",
        values_come_of_the_popular_trainer,
        artefact=True,
        scaled=frozenset({"quick"}),
        quantity="%, T1 on S1, popular repository",
    ),
)
