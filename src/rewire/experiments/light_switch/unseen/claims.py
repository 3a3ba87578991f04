"""What 2.1 hopes for unseen tasks, and what our records say."""

import statistics
from collections.abc import Sequence

from rewire.experiments.claim import Claim, Outcome, summarise
from rewire.experiments.light_switch.images.claims import interval, spread
from rewire.runs import Records


def mixture_beats_mean(records: Records) -> Outcome | None:
    """LS-0c: a mixture learnt from the most labels against the mean of all masks, paired by seed, with its interval.

    It holds if the gated network's gain, the mean over the unseen tasks, is above zero with 95 % confidence.
    """
    gated = gains(records.where(label="gated"))
    if not gated:
        return None
    return summarise(gated, lowest(gated) > 0, "; ".join([*_accounts(records), _exceptions(records)]))


def gains(records: Records) -> list[float]:
    """Per seed, the mean over unseen tasks of accuracy(mixture, most shots) − accuracy(mean mask)."""
    most = max(records.where(method="mixture").values("shots"), default=0)
    return [b - a for a, b in zip(per_seed(records, "mean mask", 0), per_seed(records, "mixture", most))]


def per_seed(records: Records, method: str, shots: int, **equal: object) -> list[float]:
    """The mean accuracy over the unseen tasks of a way to serve them, one number per seed in order of seeds."""
    groups = records.where(method=method, shots=shots, **equal).by("seed")
    return [statistics.fmean(groups[seed].values("accuracy")) for seed in sorted(groups)]


def lowest(differences: Sequence[float]) -> float:
    """The lower end of the 95 % interval of a mean difference; of a single one, itself."""
    return interval(differences)[1] if len(differences) > 1 else differences[0]


def _accounts(records: Records) -> list[str]:
    """One line for each gate: what every way to serve unseen tasks reaches."""
    return [f"{label}: {_account(mine)}" for label, mine in records.by("label").items() if gains(mine)]


def _account(records: Records) -> str:
    shots = sorted({row["shots"] for row in records.where(method="mixture")})
    gain = gains(records)
    mixtures = ", ".join(f"{spread(per_seed(records, 'mixture', k))} from {k} labels" for k in shots)
    steps = max(records.values("tuning"), default=0)
    ends = {m: per_seed(records, m, shots[-1], tuning=steps) for m in ("mixture, tuned", "new scores")}
    return (
        f"mean mask {spread(per_seed(records, 'mean mask', 0))}, mixture {mixtures} (gain "
        f"{statistics.fmean(gain):+.3f}, {sum(g > 0 for g in gain)} of {len(gain)} seeds up), best single mask by "
        f"these labels {spread(per_seed(records, 'best mask', shots[-1]))}, scores tuned {steps} steps from the "
        f"mixture {spread(ends['mixture, tuned'])}, from scratch {spread(ends['new scores'])}; {_guesses(records)}"
    )


def _guesses(records: Records) -> str:
    groups = sorted((crowd, rows.values("guessed")) for crowd, rows in records.by("crowd").items())
    chance = max(records.values("chance"), default=0.0)
    right = " and ".join(f"{spread(shares)} from {crowd} image{'s'[: crowd > 1]}" for crowd, shares in groups)
    return f"known task named right {right} (chance {chance:.2f})"


def _exceptions(records: Records) -> str:
    """The gates and unseen tasks whose mixture is, on average, no better than the mean mask."""
    losers = [
        f"{label} {task} {statistics.fmean(gain):+.3f}"
        for label, mine in records.by("label").items()
        for task, rows in mine.by("task").items()
        if (gain := gains(rows)) and statistics.fmean(gain) <= 0
    ]
    return f"no better than the mean mask: {', '.join(losers) or 'none'}"


CLAIMS = (
    Claim(
        id="LS-0c",
        statement="an unseen task can be served by a linear combination of stored masks (here: learnt from few labels, "
        "it beats the mean mask)",
        paper="idea only",
        where="2.1",
        measure=mixture_beats_mean,
        quantity="accuracy above the mean mask's",
    ),
)
