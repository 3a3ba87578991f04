"""What 7.1 and 9 say of the initial values' part, and what our records say."""

from rewire.experiments.claim import Claim, Outcome, summarise
from rewire.experiments.tickets.reinit.stages import LABEL, RANDOM, REINIT, RESHUFFLE, TICKET
from rewire.experiments.tickets.shared.claims import densities, differences, left, levels, mean, nearest, spread
from rewire.runs import Records

REFERENCE = 0.21  # where Frankle & Carbin print numbers


def initial_values_matter(records: Records) -> Outcome | None:
    """LT-3: at every controlled level the ticket is at least as accurate as the mean of its reinits."""
    ticket, fresh = (by_seed(records, start) for start in (TICKET, REINIT))
    density = densities(records.where(start=TICKET), LABEL)
    gaps = {level: differences(ticket[level], fresh[level]) for level in fresh}
    at = nearest({level: density[level] for level in gaps}, REFERENCE)
    note = (
        f"ticket − reinit, mean of {len(gaps[at])} tickets and {_draws(records)} reinits, at % left: "
        + ", ".join(f"{left(density[level])} {100 * mean(gap):+.2f} pp" for level, gap in gaps.items())
        + f". At {left(density[at])}: ticket {spread(ticket[at])}, reinit {spread(fresh[at])}"
        + "".join(f", {start} {spread(by_seed(records, start)[at])}" for start in (RESHUFFLE, RANDOM))
        + f". {early_stopping(records, at)}"
    )
    return summarise([100 * gap for gap in gaps[at]], all(mean(gap) >= 0 for gap in gaps.values()), note)


def by_seed(records: Records, start: str, of: str = "accuracy") -> dict[int, dict[int, float]]:
    """Level → seed → mean over the draws of one beginning."""
    rows = records.where(start=start)
    draws = rows.by("draw").values() if start != TICKET else [rows]
    each = [levels(draw, LABEL, of) for draw in draws]
    return {
        level: {seed: mean([one[level][seed] for one in each]) for seed in seeds} for level, seeds in each[0].items()
    }


def early_stopping(records: Records, level: int) -> str:
    """How much earlier the ticket's validation loss is least."""
    ticket, fresh = (mean(by_seed(records, start, "early_stop")[level]) for start in (TICKET, REINIT))
    return (
        f"Least validation loss there at step {ticket:.0f} (ticket), {fresh:.0f} (reinit): {fresh / ticket:.2f} times"
    )


def _draws(records: Records) -> int:
    return len({(row["seed"], row["draw"]) for row in records.where(start=REINIT)})


CLAIMS = (
    Claim(
        "LT-3",
        "the initial values matter: the same masks with new ones do worse",
        "no number (Frankle & Carbin at 21 %: +.5 pp, 2.51 times faster)",
        "7.1, 9",
        initial_values_matter,
        scaled=frozenset({"quick"}),
        quantity="ticket − reinit at about 21 % left, pp",
    ),
)
