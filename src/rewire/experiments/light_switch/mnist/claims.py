"""What 3.4 says of transforms, memory and one black task, and what our records say."""

import statistics

from rewire.experiments.claim import Claim, Outcome, summarise
from rewire.experiments.light_switch.images.claims import accuracies, interval, mean_accuracies, near, spread
from rewire.experiments.light_switch.images.config import LATE
from rewire.runs import Records

ONE_TASK, TWINS = 0.9366, 0.9492
PAPER_IMAGES = 60_000  # in one pass
PAPER_GIB = 22.0


def transforms_are_exact(records: Records) -> Outcome | None:
    """LS-4a: both formulas, over all pixel values and colours, in float32 against double."""
    values = [row["difference"] for row in records if "formula" in row]
    if not values:
        return None
    worst = max(values)
    note = (
        f"largest difference over {len(values)} formula × colour pairs and 256 pixel values; float32 rounds at 1.2e-07"
    )
    return Outcome(worst, None, len(values), worst <= 2**-23, note)


def eager_colouring_is_dear(records: Records) -> Outcome | None:
    """LS-4b: the data, and one graph of the whole training set, against the peak of a lazy run."""
    eager, lazy = records.where(memory="eager"), records.where(memory="lazy")
    if not len(eager) or not len(lazy):
        return None
    row = eager.rows[0]
    whole = row["stack_gib"] + row["pass_gib"] * PAPER_IMAGES / row["batch"]
    peak = max(lazy.values("peak_gib"))
    holds = PAPER_GIB / 10 <= whole <= PAPER_GIB * 10 and peak <= 1.5
    how = "measured" if row["batch"] == PAPER_IMAGES else f"extrapolated from a batch of {row['batch']}"
    note = (
        f"per eager task, GiB: images {row['stack_gib']:.2f}, while colouring {row['colouring_peak_gib']:.2f}, one "
        f"LeNet pass with graph over {PAPER_IMAGES:,} images {whole - row['stack_gib']:.2f} ({how}); "
        f"a whole lazy run of three tasks peaks at {peak:.2f} (limit 1.5). Order of magnitude only"
    )
    return Outcome(whole, None, len(eager), holds, note)


def one_black_task(records: Records) -> Outcome | None:
    """LS-4c: channels do not matter, gates learn no faster than the plain network, and the paper's accuracy."""
    one, three = (accuracies(records, f"{name} gated", "black", LATE) for name in ("black 1-channel", "black"))
    plain = {name: accuracies(records, f"{name} plain", "black", LATE) for name in ("black 1-channel", "black")}
    gap = abs(statistics.fmean(one) - statistics.fmean(three))
    slower = all(
        statistics.fmean(plain[name]) >= statistics.fmean(gated)
        for name, gated in (("black 1-channel", one), ("black", three))
    )
    note = (
        f"gated 1-channel {spread(one)}, 3-channel {spread(three)}, gap {gap:.3f} (< .02: {_word(gap < 0.02)}); "
        f"plain {spread(plain['black 1-channel'])} and {spread(plain['black'])} (plain ≥ gated: {_word(slower)}); "
        f"3-channel within .9366 ± .02: {_word(near(three, ONE_TASK, 0.02))}; "
        f"hard 3-channel {spread(accuracies(records, 'black hard', 'black', LATE))}"
    )
    return summarise(three, gap < 0.02 and slower and near(three, ONE_TASK, 0.02), note)


def two_black_tasks(records: Records) -> Outcome | None:
    """LS-4d: both tasks' accuracy, and whether a second identical task helps the first (paired by seed)."""
    both = [accuracies(records, "two black gated", task, LATE) for task in ("black A", "black B")]
    mean = mean_accuracies(records, "two black gated", ("black A", "black B"), LATE)
    alone = accuracies(records, "black gated", "black", LATE)
    gain, low, high = interval([a - b for a, b in zip(mean, alone)])
    word = "significant" if low > 0 or high < 0 else "not significant"
    note = (
        f"A {spread(both[0])}, B {spread(both[1])}; gain over one task {gain:+.4f}, 95 % interval "
        f"[{low:+.4f}, {high:+.4f}], n = {min(len(mean), len(alone))}: {word} (paper: +.0126 from one seed)"
    )
    return summarise(mean, all(near(values, TWINS, 0.01) for values in both), note)


def _word(true: bool) -> str:
    return "yes" if true else "no"


CLAIMS = (
    Claim(
        "LS-4a",
        "digits are coloured by x + (1−x)·c and inverted by x·c + (1−x)",
        "formulas",
        "3.4",
        transforms_are_exact,
        quantity="largest difference of a pixel",
    ),
    Claim(
        "LS-4b",
        "coloured copies of the dataset take about 22 GB of memory per task",
        "≈ 22 GB",
        "3.4",
        eager_colouring_is_dear,
        quantity="GiB per task",
    ),
    Claim(
        "LS-4c",
        "one black task: one channel or three make no difference, and gates learn more slowly than the plain network",
        ".9366",
        "3.4; value from the table in 3.5",
        one_black_task,
        quantity="accuracy, gated, 3 channels",
    ),
    Claim(
        "LS-4d",
        "two identical black tasks both reach more than one black task alone",
        ".9492, .9492",
        "3.4, 3.5",
        two_black_tasks,
        quantity="accuracy, mean of both",
    ),
)
