"""What the demo states about the small digits: our own claims, for the paper used MNIST."""

import statistics

from rewire.experiments.claim import Claim, Outcome, summarise
from rewire.experiments.light_switch.images.claims import interval, mean_accuracies, spread
from rewire.runs import Records

TASKS = ("red", "green", "blue")
CONSTANT = {task: task for task in TASKS}  # a red background fills the red channel


def gated_keeps_up(records: Records) -> Outcome | None:
    """LS-D1: the gap between gated and the better of shared and separate."""
    gated, shared, separate = (_final(records, name) for name in ("gated", "shared", "separate"))
    best = max(statistics.fmean(shared), statistics.fmean(separate))
    gap = best - statistics.fmean(gated)
    note = f"gated {spread(gated)}, shared {spread(shared)}, separate {spread(separate)}; behind the best by {gap:+.3f}"
    return summarise(gated, gap <= 0.03, note)


def hard_keeps_up(records: Records) -> Outcome | None:
    """LS-D2: the step switch against the sigmoid, paired by seed."""
    gated, hard = _final(records, "gated"), _final(records, "hard")
    ahead, low, high = interval([b - a for a, b in zip(gated, hard, strict=True)])
    on = statistics.fmean(row["on"] for row in records.where(label="hard", wiring="masks"))
    note = f"hard ahead of gated by {ahead:+.3f}, 95 % interval [{low:+.3f}, {high:+.3f}]; {on:.0%} of its masks are on"
    return summarise(hard, ahead >= -0.01, note)


def hard_rounds_for_free(records: Records) -> Outcome | None:
    """LS-D3: the hard gate's masks are bits already."""
    changes = [row["change"] for row in _rounded(records, "hard")]
    if not changes:
        return None
    return summarise(changes, not any(changes), f"{len(changes)} networks × tasks, each unchanged to the last digit")


def sigmoid_rounds(records: Records) -> Outcome | None:
    """LS-D4: what rounding costs the sigmoid gate, whose masks are often undecided."""
    rows = _rounded(records, "gated")
    if not rows:
        return None
    change = [row["change"] for row in rows]
    undecided = statistics.fmean(row["undecided"] for row in rows)
    note = (
        f"accuracy {spread([row['before'] for row in rows])} → {spread([row['after'] for row in rows])} over networks "
        f"× tasks; {undecided:.0%} of masks lay strictly between .05 and .95"
    )
    return summarise(change, statistics.fmean(change) >= -0.02, note)


def tasks_are_small(records: Records) -> Outcome | None:
    """LS-D5: the file of one task's masks against a network of its own."""
    rows = [row for row in records.where(label="hard") if "stored" in row]
    sizes = [row["bytes"] for row in rows if row["stored"] != "values"]
    if not sizes:
        return None
    weights = rows[0]["weights"]
    network, bits = 4 * weights, statistics.fmean(sizes) * 8 / weights
    note = (
        f"{weights:,} weights: {network:,} bytes as a network of its own, "
        f"{network / statistics.fmean(sizes):.1f} times a task's masks ({bits:.2f} bits per weight, headers included)"
    )
    return summarise(sizes, statistics.fmean(sizes) <= network / 25, note)


def constant_channel_is_unwired(records: Records) -> Outcome | None:
    """LS-D6: the share of the first layer's strength that the all-ones channel keeps."""
    return _constant_share(records, "channels")


def constant_channel_is_unused(records: Records) -> Outcome | None:
    """LS-D7: the share of the all-ones channel in what moves the winning logit."""
    return _constant_share(records, "pixels")


def _constant_share(records: Records, kind: str) -> Outcome | None:
    """Dark is below half of the fair share, 1/3."""
    shares = {
        name: [
            row["share"]
            for row in records.where(label=name, wiring=kind)
            if CONSTANT.get(row["task"]) == row["channel"]
        ]
        for name in ("gated", "hard")
    }
    note = "; ".join(
        f"{name} {spread(values)} (below 1/3 in {sum(v < 1 / 3 for v in values)} of {len(values)} networks × tasks)"
        for name, values in shares.items()
        if values
    )
    gated = shares["gated"]
    return summarise(gated, bool(gated) and statistics.fmean(gated) < 1 / 6, f"{note}; an equal share is .333")


def _final(records: Records, label: str) -> list[float]:
    steps = records.where(label=label, split="test").values("step")
    if not steps:
        raise LookupError(f"no run of {label!r} is done")
    return mean_accuracies(records, label, TASKS, max(steps))


def _rounded(records: Records, label: str) -> list[dict]:
    return [row for row in records.where(label=label) if "rounding" in row]


OURS = ("–", "our own")
CLAIMS = (
    Claim(
        "LS-D1",
        "one gated network learns three colours as well as a shared or three separate ones (gap ≤ .03)",
        *OURS,
        gated_keeps_up,
        quantity="accuracy, gated",
    ),
    Claim(
        "LS-D2",
        "the hard gate is not behind the sigmoid gate by more than .01",
        *OURS,
        hard_keeps_up,
        quantity="accuracy, hard",
    ),
    Claim(
        "LS-D3",
        "one bit per mask stores a hard gate without any loss",
        *OURS,
        hard_rounds_for_free,
        quantity="accuracy change by rounding",
    ),
    Claim(
        "LS-D4",
        "masks of the sigmoid gate can be saved as 0 or 1 (loss ≤ .02)",
        "can be saved as 0/1",
        "§4, on other data",
        sigmoid_rounds,
        quantity="accuracy change by rounding",
    ),
    Claim(
        "LS-D5",
        "a task's masks take less than a 25th of the bytes of a network",
        *OURS,
        tasks_are_small,
        quantity="bytes per task",
    ),
    Claim(
        "LS-D6",
        "the channel that a colour makes constant goes dark: its weights keep less than half a fair share",
        *OURS,
        constant_channel_is_unwired,
        quantity="its share of the three channels' weights",
    ),
    Claim(
        "LS-D7",
        "the channel that a colour makes constant goes dark: its pixels move the answer by less than half a fair share",
        *OURS,
        constant_channel_is_unused,
        quantity="its share of the three channels' effect",
    ),
)
