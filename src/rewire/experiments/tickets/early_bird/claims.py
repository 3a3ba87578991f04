"""What the report's survey (§3, §8) takes from You et al. 2020, and what our records say."""

import statistics

from rewire.experiments.claim import Claim, Outcome, summarise
from rewire.experiments.tickets.early_bird.stages import CONVNET, MLP
from rewire.runs import Records

EARLY = 0.25
QUEUE = 5
MIDDLE = 0.5  # the fraction kept that the claims are judged at


def drawn(records: Records, label: str, keep: float) -> dict[int, float | None]:
    """Seed → the part of training after which a mask was drawn; None where none was. LookupError without records."""
    rows = sorted((row for row in records.where(label=label, keep=keep) if "drawn" in row), key=lambda row: row["seed"])
    if not rows:
        raise LookupError(f"no mask of {label!r} at keep {keep}")
    return {row["seed"]: None if row["drawn"] is None else row["drawn"] / row["of"] for row in rows}


def keeps(records: Records) -> list[float]:
    return sorted(records.by("keep"), reverse=True)


def emerges_early(records: Records, label: str) -> Outcome | None:
    """At half kept: drawn before a quarter of training, in every seed."""
    found = drawn(records, label, MIDDLE)
    parts = [100 * part for part in found.values() if part is not None]
    holds = len(parts) == len(found) and statistics.fmean(parts) < 100 * EARLY
    note = "drawn in epoch " + "; ".join(_epochs(records, label, keep) for keep in keeps(records))
    note += f" (not before epoch {QUEUE}, when the queue is full)"
    initially = records.where(label=label, keep=MIDDLE).values("initially")
    if initially:
        note += f"; before training the mask differs from the last epoch's in {statistics.fmean(initially):.3f}"
    if not parts:
        return Outcome("never", None, len(found), False, note)
    return summarise(parts, holds, note)


def channels(records: Records) -> Outcome | None:
    """LT-12a."""
    return emerges_early(records, CONVNET)


def weights(records: Records) -> Outcome | None:
    """LT-12b."""
    return emerges_early(records, MLP)


def like_the_last(records: Records) -> Outcome | None:
    """LT-12c: the drawn channels are those that the end of training would choose, within ε."""
    rows = [row for row in records.where(label=CONVNET, keep=MIDDLE) if row.get("from_final") is not None]
    distances = [row["from_final"] for row in rows]
    if not distances:
        return None
    note = f"Hamming distance of the drawn mask from the last epoch's; two random masks of half differ in {MIDDLE}"
    weights = [row["from_final"] for row in records.where(label=MLP, keep=MIDDLE) if row.get("from_final") is not None]
    if weights:
        note += f"; weights of the fully connected network: {statistics.fmean(weights):.3f}"
    return summarise(distances, statistics.fmean(distances) <= 0.1, note)


def _epochs(records: Records, label: str, keep: float) -> str:
    rows = [row for row in records.where(label=label, keep=keep) if "drawn" in row]
    epochs = ", ".join(str(row["drawn"] or "never") for row in sorted(rows, key=lambda row: row["seed"]))
    return f"{epochs} of {rows[0]['of']} at {keep:g} kept" if rows else ""


QUICK = frozenset({"quick"})
CLAIMS = (
    Claim(
        "LT-12a",
        "the channels that BatchNorm's factors would keep settle early in training",
        "6.25 – 20 % of 160 epochs",
        "§3, §8; You et al. 2020",
        channels,
        scaled=QUICK,
        quantity="% of training, half kept",
    ),
    Claim(
        "LT-12b",
        "so do the weights that magnitude would keep, in the fully connected network",
        "early",
        "§3, §8",
        weights,
        scaled=QUICK,
        quantity="% of training, half kept",
    ),
    Claim(
        "LT-12c",
        "the mask drawn early is nearly the one that the end of training would choose",
        "≤ .1",
        "§3, §8; You et al. 2020",
        like_the_last,
        scaled=QUICK,
        quantity="Hamming distance, channels",
    ),
)
