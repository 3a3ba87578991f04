"""What 7.2 says of tickets moved to digits they have not seen, and what our records say."""

from collections.abc import Sequence

from rewire.experiments.claim import Claim, Outcome, summarise
from rewire.experiments.tickets.labels.stages import FIVE, SECOND, TEN, trainings
from rewire.experiments.tickets.shared.claims import densities, left, levels, mean, spread
from rewire.experiments.tickets.shared.transfer import named
from rewire.runs import Records

TEST_IMAGES = {5: 892, 6: 958, 7: 1028, 8: 974, 9: 1009}  # of MNIST
ALWAYS_SEVEN = TEST_IMAGES[7] / sum(TEST_IMAGES.values())
ROUNDING = 1e-6
LEARNS = 0.1  # above always answering 7, where the outputs are five
OWN, NEAR = 0.9723, 0.01
WORKS = 0.075  # of the weights, down to which the transfer is said to work

Place = tuple[int, int]  # level, seed


def unseen_outputs_are_empty(records: Records) -> Outcome | None:
    """LT-6: one answer to everything wherever no weight leads to the outputs 5 to 9, and "7" by the best test epoch.

    With five outputs it must be more than that, or the outputs would explain nothing.
    """
    mine, label = named(records, trainings(TEN)), trainings(TEN)[TEN, True]
    last, best = levels(mine, label), levels(mine, label, "best_accuracy")
    places = [place for place in empty(records) if place[1] in last.get(place[0], {})]
    if not places:
        return Outcome(None, None, len(next(iter(last.values()))), False, "no level has the outputs 5 to 9 empty")
    answers = [[answered(found[level][seed]) for level, seed in places] for found in (best, last)]
    first, begins = min(level for level, _ in places), [str(min(group)) for group in _by_seed(empty(records)).values()]
    five = mean(levels(named(records, trainings(FIVE)), trainings(FIVE)[FIVE, True])[first])
    density = densities(records.where(moved=False), TEN)
    note = (
        f"no weight leads to the outputs 5–9 from level {', '.join(begins)} on (by seed); of the {len(places)} moved "
        f"tickets without any {counted(answers[0])} to everything by the best test epoch, {counted(answers[1])} at the "
        f"end; with five outputs the ticket of level {first} ({left(density[first])} left) reaches "
        f"{100 * five:.2f} %; {_above(records)}"
    )
    holds = set(answers[0]) == {7} and None not in answers[1] and five > ALWAYS_SEVEN + LEARNS
    return Outcome(100 * mean([best[level][seed] for level, seed in places]), None, len(_by_seed(places)), holds, note)


def answered(accuracy: float) -> int | None:
    """The digit that a network with this accuracy on 5 to 9 answers to everything; None where it tells them apart.

    >>> answered(1028 / 4861), answered(0.97)
    (7, None)
    """
    total = sum(TEST_IMAGES.values())
    return next((digit for digit, n in TEST_IMAGES.items() if abs(accuracy - n / total) < ROUNDING), None)


def counted(answers: Sequence[int | None]) -> str:
    """How many networks give which answer to everything.

    >>> counted([7, 7, 9, None])
    "2 say '7', 1 say '9', 1 say more than one digit"
    """
    order = sorted(set(answers), key=lambda digit: (digit is None, digit != 7, digit))
    words = {digit: "more than one digit" if digit is None else f"'{digit}'" for digit in order}
    return ", ".join(f"{answers.count(digit)} say {words[digit]}" for digit in order)


def _by_seed(places: Sequence[Place]) -> dict[int, list[int]]:
    """Seed → its levels, in order of seeds."""
    return {seed: [level for level, own in places if own == seed] for seed in sorted({seed for _, seed in places})}


def empty(records: Records) -> list[Place]:
    """The levels, by seed, at which no weight leads to an output of the second digits."""
    kept: dict[Place, int] = {}
    for row in records.where(label=TEN, moved=False):
        if row.get("unit") in SECOND:
            place = row["level"], row["seed"]
            kept[place] = kept.get(place, 0) + row["unit_kept"]
    return [place for place, count in kept.items() if not count]


def _above(records: Records) -> str:
    """What the tickets are worth on either digits, with either head, at the last moved level of at least 7.5 %."""
    said = []
    for stage in (TEN, FIVE):
        mine = named(records, trainings(stage))
        own, moved = (levels(mine, name) for name in trainings(stage).values())
        density = densities(mine, trainings(stage)[stage, False])
        level = max(level for level in moved if density[level] >= WORKS)
        said.append(f"{stage} {spread(own[level])} on 0–4, {spread(moved[level])} on 5–9")
    return f"at {left(density[level])} left {'; '.join(said)}"


def the_ticket_on_its_own_digits(records: Records) -> Outcome | None:
    """LT-6-own: the smallest ticket, on the digits it was found on."""
    found, density = levels(records.where(moved=False), TEN), densities(records.where(moved=False), TEN)
    smallest = max(found)
    good = [level for level, values in found.items() if mean(values) >= OWN]
    where = f"down to {left(density[max(good)])} left" if good else "at no level"
    note = f"at {left(density[smallest])} left, dense {spread(found[0])}; at least 97.23 % {where}"
    return summarise(
        [100 * value for value in found[smallest].values()], abs(mean(found[smallest]) - OWN) <= NEAR, note
    )


CLAIMS = (
    Claim(
        "LT-6",
        "a ticket found on the digits 0–4 does badly on 5–9",
        "21.1479",
        "7.2, Fig 4b",
        unseen_outputs_are_empty,
        artefact=True,
        scaled=frozenset({"quick"}),
        quantity="%, where no weight leads to the outputs 5–9",
    ),
    Claim(
        "LT-6-own",
        "the ticket of 15 prunings on the digits that it was found on",
        "97.23",
        "7.2, Fig 4a",
        the_ticket_on_its_own_digits,
        scaled=frozenset({"quick"}),
        quantity="% at .16 % left",
    ),
)
