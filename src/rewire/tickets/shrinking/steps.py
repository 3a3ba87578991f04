"""The vocabulary of a trace: what an operation does to channels, and which channel comes from which."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, eq=False)
class Link:
    """Channel `take[k]` of the value `source` arrives at channel `put[k]` of a step's own value."""

    source: str
    take: Tensor
    put: Tensor


@dataclass(frozen=True, eq=False)
class Step:
    """One operation: what it does to channels.

    Attributes:
        kind: "source" (input, constant), "layer" (mixes channels by weights: convolution, linear), "norm" (BatchNorm),
            "depthwise" (one filter per channel), "move" (channels pass, meet or change places, and zeros stay zero),
            "sink" (the model's output), "opaque" (anything else).
        width: channels of its value; 0 where it has none.
        links: where its channels come from; for a layer and for what is opaque, what it reads.
        module: the name of its module, where it has one.
        free: the two ends of its links need not be removed together, because the step is rewritten (zero-padding).
        rewrite: "flatten" for a reshape with its width written out, "pad" for channels padded with zeros.
        what: for messages.
    """

    kind: str
    width: int
    links: tuple[Link, ...] = ()
    module: str = ""
    free: bool = False
    rewrite: str = ""
    what: str = ""
