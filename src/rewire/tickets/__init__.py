"""Lottery tickets: find them, question them, move them."""

from rewire.tickets.artefacts import frozen_negatives
from rewire.tickets.connectivity import instability, path
from rewire.tickets.controls import generators, random_mask, reinit, reshuffle_mask
from rewire.tickets.early_bird import EarlyBird, channel_mask, magnitude_mask, scaling_penalty
from rewire.tickets.masked import masked
from rewire.tickets.prunable import prunable
from rewire.tickets.stability import angle, distance

__all__ = [
    "EarlyBird",
    "angle",
    "channel_mask",
    "distance",
    "frozen_negatives",
    "generators",
    "instability",
    "magnitude_mask",
    "masked",
    "path",
    "prunable",
    "random_mask",
    "reinit",
    "reshuffle_mask",
    "scaling_penalty",
]
