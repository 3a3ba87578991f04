"""Lottery tickets: find them, question them, move them."""

from rewire.tickets.artefacts import frozen_negatives
from rewire.tickets.beginning import beginning
from rewire.tickets.connectivity import instability, path
from rewire.tickets.controls import generators, random_mask, reinit, reshuffle_mask
from rewire.tickets.curvature import curvature
from rewire.tickets.describe import describe
from rewire.tickets.early_bird import EarlyBird, channel_mask, magnitude_mask, scaling_penalty
from rewire.tickets.evidence import fisher, flow, gradient, hessian_gradient
from rewire.tickets.find import find
from rewire.tickets.levels import Found, Level, Phase
from rewire.tickets.masked import masked
from rewire.tickets.measures import measures
from rewire.tickets.prunable import prunable
from rewire.tickets.pruning import from_prune, to_prune
from rewire.tickets.shrinking.filters import filter_mask, filter_norms, structured
from rewire.tickets.shrinking.flops import latency, multiply_adds, parameters
from rewire.tickets.shrinking.shrink import shrink, shrink_mask
from rewire.tickets.sparse import sparse
from rewire.tickets.sparse_linear import SparseLinear
from rewire.tickets.stability import angle, distance
from rewire.tickets.ticket import Ticket
from rewire.tickets.untrained import untrained

__all__ = [
    "EarlyBird",
    "Found",
    "Level",
    "Phase",
    "SparseLinear",
    "Ticket",
    "angle",
    "beginning",
    "channel_mask",
    "curvature",
    "describe",
    "distance",
    "filter_mask",
    "filter_norms",
    "find",
    "fisher",
    "flow",
    "from_prune",
    "frozen_negatives",
    "generators",
    "gradient",
    "hessian_gradient",
    "instability",
    "latency",
    "magnitude_mask",
    "masked",
    "measures",
    "multiply_adds",
    "parameters",
    "path",
    "prunable",
    "random_mask",
    "reinit",
    "reshuffle_mask",
    "scaling_penalty",
    "shrink",
    "shrink_mask",
    "sparse",
    "structured",
    "to_prune",
    "untrained",
]
