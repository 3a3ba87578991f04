"""Cycles: what they are made of, how many there can be."""

from itertools import combinations, permutations
from math import factorial, log10

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rewire.permutations.cycles import between, cycle_count, cycles, log10_orders, moved
from rewire.permutations.rows import bits

VALUES = st.lists(st.sampled_from([0.0, -0.0, 1.0, 2.0, -3.5, float("nan")]), min_size=1, max_size=9)


@given(st.data(), VALUES)
def test_the_permutation_between_rows_gives_one_from_the_other_bit_for_bit(data, row):
    before = torch.tensor([row, row[::-1]])
    order = torch.tensor([data.draw(st.permutations(range(len(row)))) for _ in range(2)])
    after = before.gather(1, order)
    found = between(before, after)
    assert torch.equal(bits(before).gather(1, found), bits(after))
    assert torch.equal(found.sort(1).values, torch.arange(len(row)).expand(2, -1))
    stays = bits(before) == bits(after)
    assert moved(found) == pytest.approx(1 - stays.float().mean().item())  # no more than must


@given(st.permutations(range(12)))
def test_cycles_are_disjoint_and_move_what_is_moved(order):
    permutation = torch.tensor(order)
    found = cycles(permutation)
    assert all(order[a] == b for cycle in found for a, b in zip(cycle, [*cycle[1:], cycle[0]]))
    assert all(len(cycle) > 1 and cycle[0] == min(cycle) for cycle in found)
    inside = [slot for cycle in found for slot in cycle]
    assert sorted(inside) == [i for i, source in enumerate(order) if source != i]
    assert moved(permutation) == len(inside) / 12


def test_equal_values_go_in_order_unless_they_stay():
    before, after = torch.tensor([[0.0, 1.0, 0.0, 0.0, 2.0]]), torch.tensor([[1.0, 0.0, 0.0, 2.0, 0.0]])
    assert between(before, after).tolist() == [[1, 0, 2, 4, 3]]
    assert moved(torch.empty(0, 5)) == 0.0


def test_other_values_are_refused():
    row = torch.tensor([[1.0, 2.0]])
    for other in (torch.tensor([[1.0, 3.0]]), row.double(), row[:, :1], row.expand(2, 2)):
        with pytest.raises(ValueError, match="after must hold the values of before"):
            between(row, other)
    with pytest.raises(ValueError, match="after must hold the values of before"):
        between(row[0], row[0])
    for permutation in (torch.tensor([0, 0]), torch.tensor([1, 2]), torch.tensor([[1, 0]])):
        with pytest.raises(ValueError, match="permutation must hold each of 0"):
            cycles(permutation)


@pytest.mark.parametrize("n", range(1, 8))
def test_the_count_of_cycles_is_that_of_counting_them(n):
    rings = sum(len([*permutations(slots[1:])]) for size in range(2, n + 1) for slots in combinations(range(n), size))
    assert cycle_count(n) == rings
    assert (cycle_count(n) > 2**n) == (n >= 4)


def test_orders_are_counted_in_powers_of_ten():
    assert log10_orders(12) == pytest.approx(log10(factorial(12)))
    assert log10_orders(9, equal=4) == pytest.approx(log10(factorial(9) / factorial(4)))
