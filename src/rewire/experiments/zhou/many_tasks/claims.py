"""What the comparison of zhou/many-tasks is to show; it is ours, no document has it."""

from rewire.experiments.claim import Claim, Outcome, summarise
from rewire.experiments.zhou.many_tasks.stages import WAYS
from rewire.runs import Records

SEPARATE, MASKS = "separate", "supermasks"
POINTS, FACTOR = 1.0, 20


def by_seed(records: Records, way: str, of: str = "mean_accuracy") -> dict[int, float]:
    """Seed → value. LookupError where there is none."""
    found = {row["seed"]: row[of] for row in records.where(label=way) if of in row}
    if not found:
        raise LookupError(f"no {of} of {way!r}")
    return found


def masks_cost_little(records: Records) -> Outcome | None:
    """MT-1: supermasks over signs within 1 pp of separate networks, at less than a twentieth of their bits."""
    masks, separate = (by_seed(records, way) for way in (MASKS, SEPARATE))
    gaps = [100 * (masks[seed] - separate[seed]) for seed in masks if seed in separate]
    factor = _mean(by_seed(records, SEPARATE, "bits_per_task")) / _mean(by_seed(records, MASKS, "bits_per_task"))
    holds = _mean(dict(enumerate(gaps))) >= -POINTS and factor >= FACTOR
    return summarise(gaps, holds, f"{factor:.1f} times fewer bits; " + "; ".join(_place(records, way) for way in WAYS))


def _place(records: Records, way: str) -> str:
    try:
        bits, accuracy = by_seed(records, way, "bits_per_weight"), by_seed(records, way)
    except LookupError:
        return f"{way} not run"
    return f"{way} {100 * _mean(accuracy):.2f} % at {_mean(bits):.3g} bits per weight and task"


def _mean(values: dict[int, float]) -> float:
    return sum(values.values()) / len(values)


CLAIMS = (
    Claim(
        "MT-1",
        "N tasks as masks over one set of random signs are as accurate as N networks (within 1 pp), at under 1/20 of "
        "the bits",
        "no document compares them",
        "ours",
        masks_cost_little,
        scaled=frozenset({"quick"}),
        quantity="supermasks - separate, pp",
    ),
)
