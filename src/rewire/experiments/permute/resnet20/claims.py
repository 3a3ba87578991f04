"""What the paper says of ResNet-20 by LAPerm (Fig 11), and what our records say."""

from functools import partial

from rewire.experiments.claim import Claim
from rewire.experiments.permute.resnet20.stages import ADAM, AUTO, LAPERM, PUBLISHED
from rewire.experiments.permute.shared.image_claims import ahead, numb, reaches

NEAR = 0.015
QUICK = frozenset({"quick"})

CLAIMS = (
    Claim(
        "P2-13",
        "by moving weights alone, ResNet-20 learns CIFAR-10",
        "87.41 %",
        "Fig 11",
        partial(reaches, label=LAPERM, published=0.8741, tolerance=NEAR, others=(AUTO, ADAM)),
        scaled=QUICK,
        quantity="best test accuracy, %, k = 10",
    ),
    Claim(
        "P2-13-adam",
        "Adam is better",
        "+4.33 pp",
        "Fig 11",
        partial(ahead, label=ADAM, other=LAPERM, published=0.0433, tolerance=NEAR),
        scaled=QUICK,
        quantity="pp, Adam − LAPerm, k = 10",
    ),
    Claim(
        "P2-13-numb",
        "LAPerm hardly answers to the first fall of the learning rate, Adam does",
        "a picture",
        "Fig 11",
        partial(numb, labels=(LAPERM, AUTO, ADAM), drops=PUBLISHED.drops),
        scaled=QUICK,
        quantity="pp gained at the fall, k = 10",
    ),
    Claim(
        "P2-13-auto",
        "k = 10 is too small once the learning rate has fallen (the paper's conjecture)",
        "no number (> 0)",
        "5.2.2",
        partial(ahead, label=AUTO, other=LAPERM, published=None, tolerance=0.0),
        scaled=QUICK,
        quantity="pp, k auto − k = 10",
    ),
)
