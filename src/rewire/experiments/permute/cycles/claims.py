"""What Figs 5 and 6 show, and what our graphs and permutations are."""

from rewire.experiments.claim import Claim, Outcome, summarise
from rewire.experiments.permute.cycles.stages import SUBGRAPH, SYNCS, K
from rewire.runs import Records


def valid(records: Records) -> Outcome | None:
    """P2-5: cycles found per subset; it holds if no edge is wrong, no slot is in two cycles, and there is a cycle."""
    subsets = Records([row for row in records.where(label=SUBGRAPH) if "edges" in row])
    if not len(subsets):
        return None
    wrong = sum(subsets.values("wrong"))
    ours = [sum(seed.values("cycles")) / len(seed) for seed in subsets.by("seed").values()]
    sizes, edges = subsets.values("slots"), subsets.values("edges")
    moved = sum(subsets.values("moved")) / sum(sizes)
    note = (
        f"{len(subsets)} subsets of {min(sizes)} to {max(sizes)} slots; {sum(edges):,} edges and the cycles: {wrong} "
        f"wrong; {moved:.0%} of the slots got another value"
    )
    return summarise(ours, not wrong and min(ours) > 0, note)


def moves(records: Records) -> Outcome | None:
    """P2-6: the share of slots that another value has at the last sync; never 0, and always the same values."""
    syncs = Records([row for row in records.where(label=SYNCS) if "longest" in row])
    if not len(syncs):
        return None
    runs = [seed.rows for seed in syncs.by("seed").values()]
    last = [rows[-1] for rows in runs]
    holds = all(syncs.values("same values")) and all(row["moved"] > 0 for row in syncs)
    first = sum(rows[0]["moved"] for rows in runs) / len(runs)
    note = (
        f"second convolution of a small network (assumed), 16 vectors of 128; {len(runs[0])} syncs of k = {K}; at the "
        f"first {first:.0%} of the slots; at the last {sum(row['cycles'] for row in last) / len(last):.1f} cycles per "
        f"vector, of up to {max(row['longest'] for row in last)} slots; values bit-identical"
    )
    return summarise([row["moved"] for row in last], holds, note)


CLAIMS = (
    Claim(
        "P2-5",
        "The permissibility graph of a subset, of 37 slots of 784, has disjoint cycles; every edge obeys "
        "r_x (w_x − w_y) > 0 and |w_x − w_y| < u",
        "an example",
        "§2.3, Fig 5",
        valid,
        quantity="cycles per subset",
    ),
    Claim(
        "P2-6",
        "From one sync of LAPerm to the next (Adam, k = 20, CIFAR-10) a vector of 128 values is permuted along cycles, "
        "and keeps its values",
        "an example",
        "§3, Fig 6",
        moves,
        quantity="share of slots moved at the last sync",
    ),
)
