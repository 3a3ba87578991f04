"""What §1 says of weight profiles, and what our networks say."""

from functools import partial

from rewire.experiments.claim import Claim, Outcome, summarise
from rewire.experiments.permute.profiles.stages import CONVOLUTIONS, DENSE
from rewire.figures import mean_std
from rewire.runs import Records

MUCH = 3.0  # how much farther apart the control's profiles must be
LONG = 100  # values of a vector below which two profiles of one distribution differ by chance as much as by scale


def alike(records: Records, label: str) -> Outcome | None:
    """P2-1, P2-2: the control's distance ÷ the trained network's, mean over the layers with long vectors."""
    mine = records.where(label=label, when="after")
    if not mine.values("distance"):
        return None
    ratios = [
        [row["control"] / row["distance"] for row in seed if row.get("values", 0) >= LONG]
        for seed in mine.by("seed").values()
    ]
    own = records.where(label=label)
    note = f"substituted. {'; '.join(_layers(own))}. Test accuracy {_accuracy(own)}"
    ours = [sum(each) / len(each) for each in ratios]
    return summarise(ours, min(map(min, ratios)) >= MUCH, note)


def _layers(records: Records) -> list[str]:
    """Each layer's distance, its control's, and what it was before training: means over seeds."""
    found = {
        (when, of): {row["layer"]: row["mean"] for row in mean_std(records.where(when=when), "layer", of=of)}
        for when, of in (("after", "distance"), ("after", "control"), ("before", "distance"))
    }
    sizes = {row["layer"]: f"{row['vectors']} × {row['values']}" for row in records if "vectors" in row}
    return [
        f"{name} ({sizes[name]}): {distance:.3f}, control {found['after', 'control'][name]:.3f}, "
        f"before training {found['before', 'distance'][name]:.3f}"
        for name, distance in found["after", "distance"].items()
    ]


def _accuracy(records: Records) -> str:
    last = max(records.values("step"))
    values = records.where(step=last).values("accuracy")
    return f"{100 * sum(values) / len(values):.1f} %"


def _claim(name: str, network: str, label: str) -> Claim:
    return Claim(
        name,
        f"the weight vectors of a trained layer have almost one profile: shape, centre, range (substituted: "
        f"{network} by {label} on MNIST; holds if the control is ≥ {MUCH:g} times as far apart in every layer of "
        f"vectors ≥ {LONG})",
        "almost identical",
        "§1, Fig 1" if name == "P2-1" else "§1, Fig 2",
        partial(alike, label=label),
        scaled=frozenset({"quick"}),  # so little training leaves the profiles of initialisation
        quantity="profile distance, control ÷ weights",
    )


CLAIMS = (
    _claim("P2-1", "VGG-16's fc1 of ImageNet", DENSE),
    _claim("P2-2", "ResNet-50's layers of ImageNet", CONVOLUTIONS),
)
