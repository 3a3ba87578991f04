"""What the paper says of counts, costs and norms, and what ours are."""

import math
import statistics
from collections.abc import Mapping
from itertools import pairwise

from rewire.experiments.claim import Claim, Outcome, summarise
from rewire.experiments.permute.complexity.stages import COUNTS, EDGES, NORMS, TIMES
from rewire.figures import mean_std
from rewire.runs import Records

TOLERANCE = 0.3
ORDER = {"n": 2, "partition": 2, "aggressiveness": 1}  # α (λn)² edges in the graph of a subset of λn values
WORK = {"n": 2, "partition": 1, "aggressiveness": 1}  # 1/λ subsets
NAMES = {"n": "n", "partition": "λ", "aggressiveness": "α"}


def counted(records: Records) -> Outcome | None:
    """P2-7: cycles of N vertices by the formula, equal to those listed; the share of 2^N then grows with N."""
    rows = records.where(label=COUNTS).rows
    if not rows:
        return None
    growth = [row["formula"] / row["power"] for row in rows]
    rising = all(a < b for a, b in pairwise(growth))
    holds = all(row["formula"] == row["listed"] for row in rows)
    counts = ", ".join(str(row["listed"]) for row in rows)
    note = (
        f"N = 2 … {rows[-1]['vertices']}: {counts}, listed one by one; ÷ 2^N {'rises' if rising else 'does not rise'}"
    )
    return Outcome(float(rows[-1]["formula"]), None, 1, holds, note)


def beyond_power(records: Records) -> Outcome | None:
    """P2-7-bound: the least N with more than 2^N cycles; the statement as printed holds if that is 2."""
    rows = records.where(label=COUNTS).rows
    if not rows:
        return None
    more = [row["formula"] > row["power"] for row in rows]
    least = next((row["vertices"] for row, each in zip(rows, more) if each), math.inf)
    each = ", ".join(f"{row['formula']} against {row['power']}" for row in rows)
    note = f"cycles against 2^N for N = 2 … {rows[-1]['vertices']}: {each}; from N = {least} on it holds"
    return Outcome(float(least), None, 1, all(more), note)


def graph_grows(records: Records) -> Outcome | None:
    """P2-8: the largest difference of an exponent of the number of edges from n² λ² α."""
    return _against(records.where(label=EDGES), "edges", ORDER, exact=True)


def step_grows(records: Records) -> Outcome | None:
    """P2-8-time: by how much a step's time grows faster than α λ n², all of whose subsets are searched."""
    return _against(records.where(label=TIMES), "milliseconds", WORK, exact=False)


def _against(records: Records, of: str, order: Mapping[str, int], exact: bool) -> Outcome | None:
    seeds = records.by("seed").values()
    found = [{axis: exponent(seed.where(axis=axis), "value", of) for axis in order} for seed in seeds]
    if not found:
        return None
    apart = abs if exact else float
    ours = [max((each[axis] - order[axis] for axis in order), key=apart) for each in found]
    note = "exponents " + ", ".join(
        f"{NAMES[axis]} {statistics.fmean(each[axis] for each in found):.2f} (bound {order[axis]})" for axis in order
    )
    return summarise(ours, max(map(apart, ours)) <= TOLERANCE, note)


def sync_grows(records: Records) -> Outcome | None:
    """P2-8-sync: the exponent of a sync's time in n log n, an upper bound: ours is a radix sort, linear in n.

    The curve is no line where a vector outgrows a cache, so that the note gives the times it goes through.
    """
    rows = Records([row for row in records.where(label=TIMES) if "length" in row])
    scaled = Records([{**row, "work": row["length"] * math.log(row["length"])} for row in rows])
    ours = [exponent(seed, "work", "milliseconds") for seed in scaled.by("seed").values()]
    each = ", ".join(f"{row['length']}: {row['mean']:.2g} ms" for row in mean_std(rows, "length", of="milliseconds"))
    return summarise(ours, all(value <= 1 + TOLERANCE for value in ours), f"by n, {each}; no straight line")


def exponent(records: Records, x: str, y: str) -> float:
    """The slope of y against x on logarithmic axes, by least squares."""
    points = [(math.log(row[x]), math.log(row[y])) for row in records if x in row and y in row]
    return statistics.linear_regression(*zip(*points)).slope


def norms_stay(records: Records) -> Outcome | None:
    """P2-8-norm: the largest relative change of a vector's squared norm by SGPerm and LAPerm; it must be 0."""
    mine = records.where(label=NORMS)
    drifts = {name: rows.values("drift") for name, rows in mine.by("method").items()}
    if not drifts:
        return None
    moved = [max(pair) for pair in zip(drifts["sgperm"], drifts["laperm"])]
    return summarise(moved, max(moved) == 0, f"exact sums; Adam changes one by up to {max(drifts['adam']):.0%}")


CLAIMS = (
    Claim(
        "P2-7",
        "A complete graph of N vertices has Σ C(N, N−k+1) (N−k)! cycles, ever more than 2^N",
        "a formula",
        "§2.1",
        counted,
        quantity="cycles of 7 vertices",
    ),
    Claim(
        "P2-7-bound",
        "that is more than 2^N (as printed, for every N)",
        "> 2^N",
        "§2.1",
        beyond_power,
        quantity="least N with more than 2^N",
    ),
    Claim(
        "P2-8",
        f"SGPerm searches a graph of O(αλ²n²) edges per subset (holds if the exponents are so within {TOLERANCE:g})",
        "O(αλ²…)",
        "§2.4",
        graph_grows,
        quantity="largest difference of an exponent",
    ),
    Claim(
        "P2-8-time",
        f"and a step takes no more than that, over 1/λ subsets (no exponent above its bound by {TOLERANCE:g})",
        "O(αλ²…)",
        "§2.4",
        step_grows,
        quantity="largest excess of an exponent",
    ),
    Claim(
        "P2-8-sync",
        f"A sync of LAPerm takes O(n log n) (holds if the exponent is no more than {1 + TOLERANCE:g})",
        "O(kT + Σ n log n)",
        "§3.2",
        sync_grows,
        quantity="exponent in n log n",
    ),
    Claim(
        "P2-8-norm",
        "Permuting leaves every weight vector's norm as it was",
        "kept",
        "§4.1",
        norms_stay,
        quantity="relative change of a squared norm",
    ),
)
