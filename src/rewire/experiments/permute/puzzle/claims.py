"""What Figs 3 and 7 illustrate, and what our runs do."""

from rewire.experiments.claim import Claim, Outcome, summarise
from rewire.experiments.permute.puzzle.stages import DIGIT, NETWORK, TILES, TIMID
from rewire.runs import Records

MOVED, TRAINED = "wires moved", "values trained"


def solves(records: Records) -> Outcome | None:
    """P2-3: updates until every piece is in place; it holds if every puzzle is solved but the timid ones."""
    found = {label: _updates(records.where(label=label)) for label in (TILES, DIGIT, TIMID)}
    tiles = found[TILES]
    if not tiles:
        return None
    note = "; ".join(
        f"{label}: {sum(done for _, done in each)} of {len(each)} solved, after "
        f"{min(count for count, _ in each)} to {max(count for count, _ in each)} updates"
        for label, each in found.items()
        if each
    )
    return summarise([float(count) for count, _ in tiles], all(done for _, done in tiles + found[DIGIT]), note)


def _updates(records: Records) -> list[tuple[int, bool]]:
    """Per seed, the number of updates, and whether the last left the picture whole."""
    runs = [[row for row in seed if "solved" in row] for seed in records.by("seed").values()]
    return [(rows[-1]["update"], rows[-1]["solved"]) for rows in runs if rows]


def rewires(records: Records) -> Outcome | None:
    """P2-3-rewire: the share of wires that LAPerm moved elsewhere; Adam must then leave all of them where they are."""
    whole = Records([row for row in records.where(label=NETWORK) if "wires" in row])
    moved, trained = whole.where(phase=MOVED), whole.where(phase=TRAINED)
    if not len(moved):
        return None
    ours = [row["new"] / row["wires"] for row in moved]
    holds = (
        all(row["new"] and row["new"] == row["gone"] and row["same values"] for row in moved)
        and not any(row["new"] + row["gone"] for row in trained)
    )  # fmt: skip
    accuracy = {name: sum(whole.where(phase=name).values("accuracy")) / len(moved) for name in whole.by("phase")}
    note = f"values bit-identical; accuracy {', '.join(f'{name} {value:.2f}' for name, value in accuracy.items())}"
    return summarise(ours, holds, note if holds else f"values or wires are not what they ought to be; {note}")


CLAIMS = (
    Claim(
        "P2-3",
        "Recommending, connecting, finding cycles and permuting, over and over, solves a picture puzzle (holds if it "
        "solves all, given enough reach)",
        "an illustration",
        "§2.2, Fig 3",
        solves,
        quantity="updates to solve 16 tiles",
    ),
    Claim(
        "P2-3-rewire",
        "Permuting a sparse network's weights changes its set of wires and none of its values; Adam then trains the "
        "values and changes no wire",
        "an illustration",
        "§5.2.3, Fig 7",
        rewires,
        quantity="share of wires elsewhere",
    ),
)
