"""The runs of tickets/labels: tickets of the digits 0 to 4, trained on 5 to 9, with ten outputs and with five."""

from dataclasses import replace

from rewire.experiments.recipe import Stage
from rewire.experiments.tickets.shared.transfer import TransferConfig

TEN, FIVE = "ten outputs", "five outputs"
FIRST, SECOND = (0, 1, 2, 3, 4), (5, 6, 7, 8, 9)
PROTOCOL = TransferConfig(
    labels=FIRST, to_labels=SECOND, validation=0, batch_size=50, epochs=50, keep=0.65, levels=15, sparse_below=0.2
)
QUICK = replace(PROTOCOL, train_images=50_000, epochs=1, to_levels=(0, 3, 6, 9, 12, 15))
OURS = 10  # epochs of the five-output variant, which is no part of the report's protocol


def stages(budget: str) -> tuple[Stage, ...]:
    """`quick` trains a level for one epoch of 50,000 images, and moves every third ticket."""
    if budget == "full":
        return (Stage(TEN, PROTOCOL, (0,)), Stage(FIVE, replace(PROTOCOL, outputs=5, epochs=OURS), (0,)))
    return (Stage(TEN, QUICK, (0, 1, 2)), Stage(FIVE, replace(QUICK, outputs=5), (0,)))


def trainings(name: str) -> dict[tuple[str, bool], str]:
    """What a stage's trainings are called, on the digits of the search and on the others."""
    return {(name, False): f"{name}, 0–4", (name, True): f"{name}, 5–9"}
