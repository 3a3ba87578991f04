"""A search with actions as a run."""

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

import torch
from torch import Tensor, nn

from rewire.experiments.recipe import Context
from rewire.experiments.tickets.shared.runs import records, search
from rewire.experiments.zhou.shared.config import ZhouConfig
from rewire.masks import MASK_ONE, keep_sign
from rewire.masks.acting import Action
from rewire.masks.actions import reinit


def glorot_normal(tensor: Tensor, generator: torch.Generator) -> Tensor:
    """What every layer was drawn from."""
    return nn.init.xavier_normal_(tensor, generator=generator)


SIGNED = "{}, same sign"
_UNSIGNED: Mapping[str, Action] = {
    "rewind": MASK_ONE["rewind"],
    "rewind_risen": MASK_ONE["rewind_risen"],
    "reinit": partial(reinit, initialiser=glorot_normal),
    "reinit_shuffled": MASK_ONE["reinit_shuffled"],
    "reshuffle": MASK_ONE["reshuffle"],
    "constant": MASK_ONE["constant"],
}
MASK_ONES: Mapping[str, Action] = MappingProxyType(
    {**_UNSIGNED, **{SIGNED.format(name): keep_sign(action) for name, action in _UNSIGNED.items()}}
)


def run(config: ZhouConfig, context: Context) -> None:
    """Search, then record every level."""
    for row in records(search(config, context, mask_one=MASK_ONES[config.mask_one], mask_zero=config.mask_zero)):
        context.sink.write(row)
