"""What 7.2 says of tickets by SGD and by Adam, and what our records say."""

from rewire.experiments.claim import Claim, Outcome
from rewire.experiments.tickets.optimizers.stages import ADAM, SGD, TRAININGS, trained
from rewire.experiments.tickets.shared.claims import densities, left, levels, mean, spread
from rewire.experiments.tickets.shared.transfer import named
from rewire.runs import Records

REPORTED = {SGD: 0.9752, ADAM: 0.9717}
NEAR = 0.007


def both_optimizers_find_tickets(records: Records) -> Outcome | None:
    """LT-7: each optimizer's best pruned level, against the report's numbers and against the other's."""
    mine = named(records, TRAININGS)
    best = {name: _best(mine, name) for name in REPORTED}
    accuracy = {name: mean(levels(mine, name)[level]) for name, level in best.items()}
    near = {name: abs(accuracy[name] - value) <= NEAR for name, value in REPORTED.items()}
    alike = abs(accuracy[SGD] - accuracy[ADAM]) < NEAR
    facts = [f"{name} within .7 pp of {100 * REPORTED[name]:.2f}: {_word(near[name])}" for name in REPORTED]
    shown = [f"{_shown(mine, name, level)}, dense {spread(levels(mine, name)[0])}" for name, level in best.items()]
    note = "; ".join((*shown, *facts, f"within .7 pp of each other: {_word(alike)}", *_moved(mine)))
    seeds = len(levels(mine, SGD)[best[SGD]])
    ours = ", ".join(f"{100 * accuracy[name]:.2f}" for name in REPORTED)
    return Outcome(ours, None, seeds, all(near.values()) and alike, note)


def _best(records: Records, name: str) -> int:
    """The pruned level of the best mean accuracy; the least pruned of several."""
    found = {level: mean(values) for level, values in levels(records, name).items() if level}
    return max(found, key=lambda level: found[level])


def _shown(records: Records, name: str, level: int) -> str:
    return f"{name} {spread(levels(records, name)[level])} at {left(densities(records, name)[level])} left"


def _moved(records: Records) -> list[str]:
    """Each mask trained by the other optimizer, beside that optimizer's own mask of the same level."""
    return [_beside(records, trained(SGD, ADAM), ADAM), _beside(records, trained(ADAM, SGD), SGD)]


def _beside(records: Records, name: str, own: str) -> str:
    moved, stayed, density = levels(records, name), levels(records, own), densities(records, name)
    each = [f"{100 * mean(moved[n]):.2f} ({100 * mean(stayed[n]):.2f}) at {left(density[n])}" for n in sorted(moved)]
    return f"{name} ({own}'s own mask): {', '.join(each)} left"


def _word(true: bool) -> str:
    return "yes" if true else "no"


CLAIMS = (
    Claim(
        "LT-7",
        "SGD and Adam find tickets of about the same accuracy",
        "SGD 97.52, Adam 97.17",
        "7.2, Fig 5",
        both_optimizers_find_tickets,
        scaled=frozenset({"quick"}),
        quantity="%, best pruned level of each",
    ),
)
