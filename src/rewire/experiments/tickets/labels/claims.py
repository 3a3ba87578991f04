"""What 7.2 says of tickets moved to digits they have not seen, and what our records say."""

from rewire.experiments.claim import Claim, Outcome, summarise
from rewire.experiments.tickets.labels.stages import FIVE, SECOND, TEN, trainings
from rewire.experiments.tickets.shared.claims import densities, left, levels, mean, spread
from rewire.experiments.tickets.shared.transfer import named
from rewire.runs import Records

ALWAYS_SEVEN = 1028 / 4861  # the sevens among the test images of 5 to 9
ROUNDING = 1e-6
LEARNS = 0.1  # above always answering 7, where the outputs are five
OWN, NEAR = 0.9723, 0.01
WORKS = 0.075  # of the weights, down to which the transfer is said to work

Place = tuple[int, int]  # level, seed


def unseen_outputs_are_empty(records: Records) -> Outcome | None:
    """LT-6: always "7" wherever no weight leads to the outputs 5 to 9, and better than that with five outputs."""
    moved = levels(named(records, trainings(TEN)), trainings(TEN)[TEN, True])
    places = {place: moved[place[0]][place[1]] for place in empty(records) if place[1] in moved.get(place[0], {})}
    if not places:
        return Outcome(None, None, len(next(iter(moved.values()))), False, "no level has the outputs 5 to 9 empty")
    exact = [abs(accuracy - ALWAYS_SEVEN) < ROUNDING for accuracy in places.values()]
    begins = {seed: min(level for level, own in empty(records) if own == seed) for _, seed in sorted(places)}
    first = min(level for level, _ in places)
    five = mean(levels(named(records, trainings(FIVE)), trainings(FIVE)[FIVE, True])[first])
    density = densities(records.where(moved=False), TEN)
    note = (
        f"no weight leads to the outputs 5–9 from level {', '.join(map(str, begins.values()))} on (by seed); of the "
        f"{len(exact)} tickets without any that were moved {sum(exact)} answer 7 to everything; with five outputs the "
        f"ticket of level {first} ({left(density[first])} left) reaches {100 * five:.2f} %; {_above(records)}"
    )
    seeds = len({seed for _, seed in places})
    return Outcome(100 * mean(list(places.values())), None, seeds, all(exact) and five > ALWAYS_SEVEN + LEARNS, note)


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
        "a ticket found on the digits 0–4 does badly on 5–9 (ours: where no weight leads to the outputs 5–9)",
        "21.1479",
        "7.2, Fig 4b",
        unseen_outputs_are_empty,
        artefact=True,
        scaled=frozenset({"quick"}),
    ),
    Claim(
        "LT-6-own",
        "the ticket of 15 prunings on the digits that it was found on",
        "97.23",
        "7.2, Fig 4a",
        the_ticket_on_its_own_digits,
        scaled=frozenset({"quick"}),
    ),
)
