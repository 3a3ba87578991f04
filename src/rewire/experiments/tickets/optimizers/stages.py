"""The runs of tickets/optimizers: a search by either optimizer, and some tickets of each trained by the other."""

from dataclasses import replace

from rewire.experiments.recipe import Stage
from rewire.experiments.tickets.shared.transfer import TransferConfig

SGD, ADAM = "SGD", "Adam"
PROTOCOL = TransferConfig(
    validation=0,
    momentum=0.9,
    batch_size=50,
    epochs=50,
    keep=0.5,
    levels=10,
    to_levels=(2, 4, 6, 8),
    sparse_below=0.2,
)
QUICK = replace(PROTOCOL, train_images=18_000, epochs=1)
SEEDS = {"quick": (0, 1, 2), "full": (0,)}


def stages(budget: str) -> tuple[Stage, ...]:
    """`quick` trains a level for one epoch of 18,000 images, too little for SGD at this rate."""
    protocol = PROTOCOL if budget == "full" else QUICK
    return tuple(
        Stage(name, replace(protocol, optimizer=name.lower(), to_optimizer=other.lower()), SEEDS[budget])
        for name, other in ((SGD, ADAM), (ADAM, SGD))
    )


def trained(mask: str, optimizer: str) -> str:
    """What a training is called.

    >>> trained("SGD", "Adam"), trained("SGD", "SGD")
    ("SGD's mask, trained by Adam", 'SGD')
    """
    return mask if mask == optimizer else f"{mask}'s mask, trained by {optimizer}"


TRAININGS = {
    (SGD, False): trained(SGD, SGD),
    (ADAM, False): trained(ADAM, ADAM),
    (SGD, True): trained(SGD, ADAM),
    (ADAM, True): trained(ADAM, SGD),
}
