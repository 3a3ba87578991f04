"""What is said of mask-one actions, and what our records say."""

from rewire.experiments.claim import Claim, Outcome, summarise
from rewire.experiments.tickets.shared.claims import mean
from rewire.experiments.zhou.mask_one.stages import ACTIONS, REWIND, SIGNED, signed
from rewire.experiments.zhou.shared.claims import gaps, ranked
from rewire.runs import Records

SPARSE = 0.2
TOLERANCE = 0.5


def signs_help(records: Records) -> Outcome | None:
    """ZH-3: over levels with at most 20 % left, the least gain of keeping the sign among the actions, in pp."""
    found = {action: gaps(records, signed(action), action, SPARSE) for action in ACTIONS}
    least = min(found, key=lambda action: mean(found[action]))
    each = ", ".join(f"{action} {mean(gain):+.2f}" for action, gain in found.items())
    note = f"same sign − random sign: {each} pp. {ranked(records, (REWIND, *SIGNED, *ACTIONS), SPARSE)}"
    return summarise(found[least], all(mean(gain) > 0 for gain in found.values()), note)


def signs_suffice(records: Records) -> Outcome | None:
    """ZH-3-rewind: over those levels, the worst action that keeps signs − rewinding, in pp; it holds from −.5 up."""
    found = {action: gaps(records, action, REWIND, SPARSE) for action in SIGNED}
    least = min(found, key=lambda action: mean(found[action]))
    each = ", ".join(f"{action} {mean(gap):+.2f}" for action, gap in found.items())
    return summarise(found[least], mean(found[least]) >= -TOLERANCE, f"action − rewind: {each} pp")


CLAIMS = (
    Claim(
        "ZH-3",
        "new values with random signs do poorly, with the weights' own signs hugely better",
        "huge improvement",
        "mask-one actions",
        signs_help,
        scaled=frozenset({"quick"}),
        quantity="least gain by keeping signs, ≤ 20 % left, pp",
    ),
    Claim(
        "ZH-3-rewind",
        "as long as signs are kept, other initial values, a constant even, do about as well as a ticket's own",
        "about as well",
        "mask-one actions",
        signs_suffice,
        scaled=frozenset({"quick"}),
        quantity="worst action with signs − rewind, ≤ 20 % left, pp",
    ),
)
