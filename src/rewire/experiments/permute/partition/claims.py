"""What §2.3 says of a partition's gaps, and what ours are."""

from rewire.experiments.claim import Claim, Outcome, summarise
from rewire.figures import mean_std
from rewire.runs import Records

TOLERANCE = 0.3


def widened(records: Records) -> Outcome | None:
    """P2-4: gap inside a part ÷ gap of the whole vector, times λ: 1 where the gap is A / (λ|V|)."""
    rows = mean_std(records, "partition", of="ratio")
    if not rows:
        return None
    first = min(row["partition"] for row in rows)
    ours = records.where(partition=first).values("ratio")
    sizes = records.where(partition=first).rows[0]
    each = ", ".join(f"λ {row['partition']:g}: {row['mean']:.1f} (1/λ = {1 / row['partition']:g})" for row in rows)
    note = (
        f"mean gap inside a part ÷ of the whole, {each}. λ {first:g} of 784 makes {sizes['parts']} parts of "
        f"{sizes['smallest']} to {sizes['largest']} values"
    )
    off = [abs(row["ratio"] * row["partition"] - 1) for row in records if "ratio" in row]
    return summarise(ours, max(off) <= TOLERANCE, note)


CLAIMS = (
    Claim(
        "P2-4",
        "Cut at random into parts of λ|V| values, a vector's gaps between neighbours grow to ≈ A / (λ|V|) "
        f"(holds if they are 1/λ of the whole's within {TOLERANCE:.0%})",
        "× 20 at λ = .05",
        "§2.3, Fig 4",
        widened,
        quantity="gap in a part ÷ whole, λ = .05",
    ),
)
