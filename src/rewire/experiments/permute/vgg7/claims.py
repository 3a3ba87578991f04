"""What the paper says of VGG-7 by LAPerm (Fig 12), and what our records say."""

from functools import partial

from rewire.experiments.claim import Claim
from rewire.experiments.permute.shared.image_claims import ahead, reaches
from rewire.experiments.permute.vgg7.stages import ADAM, AUTO, LAPERM, REGULARISED

QUICK = frozenset({"quick"})

CLAIMS = (
    Claim(
        "P2-14",
        "by moving weights alone, VGG-7 learns CIFAR-10",
        "90.03 %",
        "Fig 12",
        partial(reaches, label=LAPERM, published=0.9003, tolerance=0.01, others=(REGULARISED, AUTO, ADAM)),
        scaled=QUICK,
        quantity="best test accuracy, %, k = 10",
    ),
    Claim(
        "P2-14-adam",
        "and better than by Adam with weight decay and dropout",
        "no number (> 0)",
        "Fig 12",
        partial(ahead, label=LAPERM, other=ADAM, published=None, tolerance=0.0),
        scaled=QUICK,
        quantity="pp, LAPerm, k = 10 − Adam",
    ),
    Claim(
        "P2-14-auto",
        "k = 10 is too small once the learning rate has fallen (the paper's conjecture)",
        "no number (> 0)",
        "5.2.2",
        partial(ahead, label=AUTO, other=LAPERM, published=None, tolerance=0.0),
        scaled=QUICK,
        quantity="pp, k auto − k = 10",
    ),
)
