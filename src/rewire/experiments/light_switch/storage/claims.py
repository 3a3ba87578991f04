"""What section 4 says of masks as bits, and what our records say."""

import statistics

from rewire.experiments.claim import Claim, Outcome, summarise
from rewire.experiments.light_switch.images.claims import spread
from rewire.runs import Records

ALLOWED = 0.02  # accuracy that rounding may cost before masks need sharpening
OWN = "light-switch/"  # how the labels of other recipes' records begin


def rounding_costs(records: Records) -> Outcome | None:
    """LS-6b: the change in accuracy, mean over tasks, when a trained gated network's masks are rounded."""
    change = per_seed(records.where(label="gated"), "rounding", "change")
    if not change:
        return None
    variants = [f"{label}: {_account(mine)}" for label, mine in own(records).by("label").items()]
    note = "; ".join([*variants, _sizes(own(records))])
    return summarise(change, statistics.fmean(change) >= -ALLOWED, note)


def own(records: Records) -> Records:
    """Without what was read from other recipes."""
    return Records([row for row in records if not row["label"].startswith(OWN)])


def per_seed(records: Records, kind: str, value: str) -> list[float]:
    """The mean of `value` over the tasks of the records of this kind, one number per seed in order of seeds."""
    seeds = Records([row for row in records if kind in row]).by("seed")
    return [statistics.fmean(seeds[seed].values(value)) for seed in sorted(seeds)]


def sizes(records: Records) -> dict[str, float]:
    """Bytes on disk, mean over tasks and runs: a task's "bits", its float32 "scores", and a whole "network"."""
    stored = [row for row in records if "stored" in row]
    groups = {
        "bits": [row["bytes"] for row in stored if row["stored"] != "values"],
        "scores": [row["bytes"] for row in records if "scores of" in row],
        "network": [row["bytes"] for row in stored if row["stored"] == "values"],
    }
    return {name: statistics.fmean(found) for name, found in groups.items() if found}


def _account(records: Records) -> str:
    before, after = (per_seed(records, "rounding", key) for key in ("before", "after"))
    undecided = statistics.fmean(per_seed(records, "rounding", "undecided"))
    steps = max(row["steps"] for row in records if "retrained" in row)
    return (
        f"{spread(before)} → {spread(after)}, then {spread(per_seed(records, 'retrained', 'accuracy'))} after {steps} "
        f"steps with masks of 0 and 1 ({undecided:.0%} of masks were strictly between .05 and .95)"
    )


def _sizes(records: Records) -> str:
    kB = {name: size / 1000 for name, size in sizes(records).items()}
    return (
        f"a task's file: {kB['bits']:.1f} kB of bits, {kB['scores']:.0f} kB of float32 scores; a network of its own "
        f"{kB['network']:.0f} kB, {kB['network'] / kB['bits']:.0f} times the bits"
    )


CLAIM = Claim(
    id="LS-6b",
    statement=f"masks can be saved as 0 and 1 (holds if rounding costs at most {ALLOWED:g} of accuracy)",
    paper="can be saved as 0/1",
    where="4",
    measure=rounding_costs,
    scaled=frozenset({"quick"}),
    quantity="accuracy change by rounding",
)
