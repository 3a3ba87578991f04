"""What is said of mask criteria, and what our records say."""

from rewire.experiments.claim import Claim, Outcome, summarise
from rewire.experiments.tickets.shared.claims import densities, left, levels, mean
from rewire.experiments.zhou.criteria.stages import BAD, CRITERIA, GOOD, PLANE
from rewire.experiments.zhou.shared.claims import gaps, ranked, sparser
from rewire.runs import Records

SPARSE = 0.2
TOLERANCE = 0.3


def regions(records: Records) -> Outcome | None:
    """ZH-1: pruned weights inside the region that a criterion keeps, over all criteria and layers; none is exact."""
    rows = [row for row in records.where(label=PLANE) if "misplaced" in row]
    if not rows:
        return None
    wrong, sizes = sum(row["misplaced"] for row in rows), {(row["layer"], row["size"]) for row in rows}
    exact = all(row["kept"] == round(row["left"] * row["size"]) for row in rows)
    note = f"{len({row['criterion'] for row in rows})} criteria, {sum(size for _, size in sizes)} weights of 3 layers"
    return Outcome(float(wrong), None, 1, wrong == 0 and exact, f"{note}; counts exact: {exact}")


def order(records: Records) -> Outcome | None:
    """ZH-2: over levels with at most 20 % left, the worst of the good four − random, in percentage points."""
    worst = min(GOOD, key=lambda name: mean(sparser(records, name, SPARSE)))
    best = max(BAD, key=lambda name: mean(sparser(records, name, SPARSE)))
    over, under = gaps(records, worst, "random", SPARSE), gaps(records, "random", best, SPARSE)
    density = densities(records, "random")
    at = [level for level, fraction in density.items() if fraction <= SPARSE]
    note = (
        f"mean over {len(at)} levels with {left(density[at[0]])} to {left(density[at[-1]])} left: "
        f"{ranked(records, CRITERIA, SPARSE)}. Worst of the four: {worst}; random − {best} {mean(under):+.2f} pp"
    )
    return summarise(over, mean(over) > 0 and mean(under) > 0, note)


def increase_is_as_good(records: Records) -> Outcome | None:
    """ZH-2-increase: magnitude_increase − large_final over those levels; it holds from −.3 pp up."""
    found = gaps(records, "magnitude_increase", "large_final", SPARSE)
    ours, theirs = (levels(records, name) for name in ("magnitude_increase", "large_final"))
    density = densities(records, "large_final")
    each = ", ".join(
        f"{left(density[level])} {100 * (mean(ours[level]) - mean(theirs[level])):+.2f}" for level in ours if level
    )
    return summarise(found, mean(found) >= -TOLERANCE, f"by % left: {each} pp")


CLAIMS = (
    Claim(
        "ZH-1",
        "every mask criterion is a region of the plane of initial and final values",
        "nine regions",
        "mask criteria, conceptual figure",
        regions,
        quantity="pruned weights inside a kept region",
    ),
    Claim(
        "ZH-2",
        "large_final, magnitude_increase, large_init_large_final and movement beat random, which beats the small ones",
        "an order",
        "mask criteria",
        order,
        scaled=frozenset({"quick"}),
        quantity="worst of the four − random at ≤ 20 % left, pp",
    ),
    Claim(
        "ZH-2-increase",
        "magnitude_increase is as good as large_final or slightly better",
        "slightly better",
        "mask criteria",
        increase_is_as_good,
        scaled=frozenset({"quick"}),
        quantity="magnitude_increase − large_final at ≤ 20 % left, pp",
    ),
)
