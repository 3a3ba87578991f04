"""What Zhou et al. say of learned masks (ZH-7), and what our records say."""

from rewire.experiments.claim import Claim, Outcome, summarise
from rewire.experiments.tickets.shared.claims import mean, spread
from rewire.experiments.zhou.supermask.stages import CONSTANT, MASKED, PLAIN, RESCALED, TRAINED
from rewire.runs import Records

BEST = RESCALED.format(CONSTANT)
PAPER = {PLAIN: 0.953, CONSTANT: 0.964, RESCALED.format(PLAIN): 0.978, BEST: 0.98, TRAINED: 0.977}


def final(records: Records, label: str, of: str = "accuracy") -> dict[int, float]:
    """Seed → the value at the last look. LookupError where there is none."""
    rows = [row for row in records.where(label=label, split="test") if of in row]
    if not rows:
        raise LookupError(f"no {of} of {label!r}")
    return {row["seed"]: row[of] for row in sorted(rows, key=lambda row: row["step"])}


def learned_mask(records: Records) -> Outcome | None:
    """ZH-7: at least 95 % over the initial values."""
    found = final(records, PLAIN)
    return summarise(list(found.values()), mean(found) >= 0.95, "; ".join(_told(records, label) for label in MASKED))


def rescaled_constant(records: Records) -> Outcome | None:
    """ZH-7-best: at least 97 % over signed constants with rescaling."""
    found = final(records, BEST)
    return summarise(list(found.values()), mean(found) >= 0.97, _told(records, BEST))


def as_good_as_training(records: Records) -> Outcome | None:
    """ZH-7-trained: the best mask within 1 pp of trained weights."""
    masks, weights = final(records, BEST), final(records, TRAINED)
    gaps = [100 * (masks[seed] - weights[seed]) for seed in masks if seed in weights]
    return summarise(gaps, mean(gaps) >= -1, f"{BEST} {spread(masks)}, {TRAINED} {spread(weights)}")


def _told(records: Records, label: str) -> str:
    try:
        sampled, cut, kept = (final(records, label, of) for of in ("accuracy", "threshold", "density"))
    except LookupError:
        return f"{label} not run"
    return f"{label} {spread(sampled)} (mask at ½: {spread(cut)}), density {mean(kept):.2f}"


CLAIMS = (
    Claim(
        "ZH-7",
        "a learned mask over random weights is competitive with training them",
        "95.3 %",
        "5.1, Table 2",
        learned_mask,
        scaled=frozenset({"quick"}),
        quantity="accuracy, initial values",
    ),
    Claim(
        "ZH-7-best",
        "signed constants and dynamic weight rescaling make it better still",
        "98.0 %",
        "5.2, Table 2",
        rescaled_constant,
        scaled=frozenset({"quick"}),
        quantity="accuracy, signed constant, rescaled",
    ),
    Claim(
        "ZH-7-trained",
        "the best supermask performs nearly as well as trained weights",
        "98.0 against 97.7 %",
        "5.2, Table 2",
        as_good_as_training,
        scaled=frozenset({"quick"}),
        quantity="best mask - trained weights, pp",
    ),
)
