"""What §6 says of storing a trained network, and what ours take."""

from rewire.experiments.claim import Claim, Outcome, summarise
from rewire.experiments.permute.storage.stages import LAPERM, SGPERM, SPARSE
from rewire.figures import mean_std
from rewire.runs import Records

RATIO, NEAR = 0.26, 0.02


def lossless(records: Records) -> Outcome | None:
    """P2-18: bytes of seed and permutations ÷ bytes of float32, by LAPerm; every network must come back bit for bit."""
    mine = Records([row for row in records if "identical" in row])
    ours = _ratios(mine.where(label=LAPERM)) + _ratios(mine.where(label=SGPERM))
    if not ours:
        return None
    exact = all(mine.values("identical"))
    near = all(abs(ratio - RATIO) <= NEAR for ratio in ours)
    note = f"{_listed(mine)}; {'every' if exact else 'NOT every'} network loaded bit for bit"
    return summarise(ours, exact and near, note)


def sparse(records: Records) -> Outcome | None:
    """P2-18-sparse: the same ratio with 90 % zeros, which are alike and so cost less."""
    mine = Records([row for row in records.where(label=SPARSE) if "identical" in row])
    ours = _ratios(mine)
    if not ours:
        return None
    exact = all(mine.values("identical"))
    return summarise(ours, exact and max(ours) < RATIO, f"{_listed(mine)}; the initial values themselves are not in it")


def _ratios(records: Records) -> list[float]:
    return [row["bytes"] / row["float32"] for row in records]


def _listed(records: Records) -> str:
    found = {
        of: {row["label"]: row["mean"] for row in mean_std(records, "label", of=of)}
        for of in ("bytes", "float32", "bound")
    }
    return "; ".join(
        f"{label}: {size / 1000:.0f} kB of {found['float32'][label] / 1000:.0f}, "
        f"{size / found['bound'][label] - 1:+.2%} of the bound"
        for label, size in found["bytes"].items()
    )


CLAIMS = (
    Claim(
        "P2-18",
        "A trained network can be stored as a seed and ranks, without loss (holds if bit-exact and at "
        f"{RATIO} ± {NEAR} of float32)",
        "without loss",
        "§6, (3)",
        lossless,
        quantity="bytes ÷ float32",
    ),
    Claim(
        "P2-18-sparse",
        "and in less where zeros are moved too, for zeros are alike (holds if bit-exact and less)",
        "–",
        "§6, (3)",
        sparse,
        quantity="bytes ÷ float32, 90 % zeros",
    ),
)
