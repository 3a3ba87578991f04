"""The runs of tickets/datasets: a search on either dataset, and some tickets of each trained on the other."""

from dataclasses import replace

from rewire.experiments.recipe import Stage
from rewire.experiments.tickets.shared.transfer import TransferConfig

MNIST, FASHION = "MNIST", "Fashion-MNIST"
# As for the halves of 7.2; both datasets have 60,000 images, so that a seed gives both the same batches.
PROTOCOL = TransferConfig(
    validation=0, batch_size=50, epochs=15, keep=0.5, levels=5, to_levels=(2, 3, 5), sparse_below=0.2
)
QUICK = replace(PROTOCOL, train_images=45_000, epochs=1, keep=0.35, levels=3, to_levels=(2, 3))
SEEDS = (0, 1, 2)


def stages(budget: str) -> tuple[Stage, ...]:
    """`quick` trains a level for one epoch of 45,000 images, and prunes in fewer steps."""
    protocol = PROTOCOL if budget == "full" else QUICK
    return tuple(
        Stage(name, replace(protocol, dataset=name.lower(), to_dataset=other(name).lower()), SEEDS)
        for name in (MNIST, FASHION)
    )


def other(name: str) -> str:
    """The dataset that a dataset's tickets move to.

    >>> other("MNIST")
    'Fashion-MNIST'
    """
    return FASHION if name == MNIST else MNIST
