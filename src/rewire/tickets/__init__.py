"""Lottery tickets: find them, question them, move them."""

from rewire.tickets.artefacts import frozen_negatives
from rewire.tickets.masked import masked
from rewire.tickets.prunable import prunable

__all__ = ["frozen_negatives", "masked", "prunable"]
