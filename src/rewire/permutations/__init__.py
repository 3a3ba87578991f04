"""Permutations: training that moves weights and never changes them."""

from rewire.permutations.codec import decode, encode, information
from rewire.permutations.cycles import between, cycle_count, cycles, log10_orders, moved
from rewire.permutations.describe import describe
from rewire.permutations.generator import Initial, initial, initialise_
from rewire.permutations.laperm import LAPerm
from rewire.permutations.matching import bound, cycles_of, match_rows, permissible, recommend
from rewire.permutations.mobility import central_gap, mobility, steady_k
from rewire.permutations.partition import partition
from rewire.permutations.ranks import place, ranks, sorted_rows, sync
from rewire.permutations.rewiring import sparsify, wiring, zero_
from rewire.permutations.rows import put, rows, same_multiset, weight_slots
from rewire.permutations.sgperm import SGPerm
from rewire.permutations.storage import load_permutation, save_permutation

__all__ = [
    "Initial",
    "LAPerm",
    "SGPerm",
    "between",
    "bound",
    "central_gap",
    "cycle_count",
    "cycles",
    "cycles_of",
    "decode",
    "describe",
    "encode",
    "information",
    "initial",
    "initialise_",
    "load_permutation",
    "log10_orders",
    "match_rows",
    "mobility",
    "moved",
    "partition",
    "permissible",
    "place",
    "put",
    "ranks",
    "recommend",
    "rows",
    "same_multiset",
    "save_permutation",
    "sorted_rows",
    "sparsify",
    "steady_k",
    "sync",
    "weight_slots",
    "wiring",
    "zero_",
]
