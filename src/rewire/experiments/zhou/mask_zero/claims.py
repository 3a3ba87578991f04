"""What is said of mask-zero actions, and what our records say."""

from rewire.experiments.claim import Claim, Outcome, summarise
from rewire.experiments.tickets.shared.claims import densities, left, levels, mean, spread
from rewire.experiments.zhou.mask_zero.stages import FREEZE, OPPOSITE, RANDOM, TREATMENTS, VARIANT_1, VARIANT_2, ZERO
from rewire.experiments.zhou.shared.claims import gaps, ranked
from rewire.runs import Records

SPARSE = 0.1


def variants_help(records: Records) -> Outcome | None:
    """ZH-4: over levels with at most 10 % left, variant 2 − zero in pp; it holds if variant 1 lies between."""
    whole, first = gaps(records, VARIANT_2, ZERO, SPARSE), gaps(records, VARIANT_1, ZERO, SPARSE)
    second = gaps(records, VARIANT_2, VARIANT_1, SPARSE)
    note = f"variant 1 − zero {mean(first):+.2f}, variant 2 − variant 1 {mean(second):+.2f} pp. "
    return summarise(whole, mean(first) >= 0 and mean(second) >= 0, note + ranked(records, TREATMENTS, SPARSE))


def zero_beats_freezing(records: Records) -> Outcome | None:
    """ZH-4-freeze: freezing pruned weights where they started − zero, in pp, mean over pruned levels but the last."""
    zero, frozen, density = levels(records, ZERO), levels(records, FREEZE), densities(records, ZERO)
    each = {level: {s: 100 * (frozen[level][s] - zero[level][s]) for s in zero[level]} for level in zero if level}
    inner = [values for level, values in each.items() if level < max(each)] or list(each.values())
    found = [mean([values[seed] for values in inner]) for seed in inner[0]]
    note = "by % left: " + ", ".join(f"{left(density[level])} {mean(values):+.2f}" for level, values in each.items())
    return summarise(found, mean(found) < 0, f"{note} pp; the sparsest level does not count")


def direction_matters(records: Records) -> Outcome | None:
    """ZH-4-controls: over levels with at most 10 % left, variant 1 − the better of its two controls, in pp."""
    found = {control: gaps(records, VARIANT_1, control, SPARSE) for control in (RANDOM, OPPOSITE)}
    nearest = min(found, key=lambda control: mean(found[control]))
    note = ", ".join(f"{VARIANT_1} − {control} {mean(gain):+.2f} pp" for control, gain in found.items())
    return summarise(found[nearest], mean(found[nearest]) > 0, note)


def peak_is_higher(records: Records) -> Outcome | None:
    """ZH-4-peak: the best level's mean accuracy with variant 2 − with zero, in pp."""
    best = {}
    for label in (VARIANT_2, ZERO):
        found, density = levels(records, label), densities(records, label)
        level = max((level for level in found if level), key=lambda level: mean(found[level]))
        best[label] = (found[level], f"{label} {spread(found[level])} at {left(density[level])} left")
    ours, theirs = best[VARIANT_2][0], best[ZERO][0]
    gain = [100 * (ours[seed] - theirs[seed]) for seed in ours if seed in theirs]
    return summarise(gain, mean(gain) > 0, f"{best[VARIANT_2][1]}, {best[ZERO][1]}; levels chosen on the test set")


CLAIMS = (
    Claim(
        "ZH-4",
        "weights that training took towards zero are better set to zero, pruned (variant 1) or kept (variant 2) ones",
        "great improvement",
        "mask-zero actions",
        variants_help,
        scaled=frozenset({"quick"}),
        quantity="variant 2 − zero at ≤ 10 % left, pp",
    ),
    Claim(
        "ZH-4-freeze",
        "pruned weights frozen at their initial values do worse than at zero, except at extreme sparsity",
        "worse",
        "mask-zero actions",
        zero_beats_freezing,
        scaled=frozenset({"quick"}),
        quantity="freeze at init − zero, pp",
    ),
    Claim(
        "ZH-4-controls",
        "it is the direction of training that says which to set to zero: random or opposite ones do worse",
        "controls do worse",
        "mask-zero actions",
        direction_matters,
        scaled=frozenset({"quick"}),
        quantity="variant 1 − better control at ≤ 10 % left, pp",
    ),
    Claim(
        "ZH-4-peak",
        "the variants reach a higher peak",
        "higher",
        "mask-zero actions",
        peak_is_higher,
        scaled=frozenset({"quick"}),
        quantity="best level, variant 2 − zero, pp",
    ),
)
