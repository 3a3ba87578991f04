"""Masks on untrained networks: which weights are evaluated, how many, with which values."""

import itertools

import pytest
import torch

from rewire.masks import CRITERIA, score, select
from rewire.tickets import untrained
from rewire.tickets.untrained import SIGNS, VALUES, ZHOU

GENERATOR = torch.Generator().manual_seed(1)
INIT = {name: torch.randn(shape, generator=GENERATOR) for name, shape in {"a": (20, 30), "b": (10, 20)}.items()}
FINAL = {name: init + torch.randn(init.shape, generator=GENERATOR) for name, init in INIT.items()}


def collected(**options):
    """Rows and the weights that were evaluated for each."""
    seen = []

    def evaluate(weights):
        seen.append(weights)
        return {"accuracy": len(seen) / 1000}

    return untrained(INIT, FINAL, evaluate, **options), seen


def test_a_row_for_every_combination():
    rows, seen = collected(levels=2, keep=0.5)
    expected = [(c, s, level, v) for c, s in itertools.product(ZHOU, SIGNS) for level in (1, 2) for v in VALUES]
    assert [(row["criterion"], row["sign"], row["level"], row["values"]) for row in rows] == expected
    assert len(ZHOU) == 9
    assert set(ZHOU) <= set(CRITERIA)
    assert [row["accuracy"] for row in rows] == [number / 1000 for number in range(1, len(seen) + 1)]
    assert {row["density"] for row in rows} == {0.5, 0.25}


def test_counts_are_exact_and_values_are_the_initial_ones_or_constants():
    rows, seen = collected(levels=3, keep={"b": 0.9, "*": 0.5})
    for row, weights in zip(rows, seen, strict=True):
        for name, keep in (("a", 0.5), ("b", 0.9)):
            on = weights[name] != 0
            assert on.sum() == round(keep ** row["level"] * on.numel())
            constant = INIT[name].sign() * INIT[name].std(correction=0)
            assert torch.allclose(weights[name][on], (INIT[name] if row["values"] == "init" else constant)[on])


def test_sign_rules_choose_among_weights_that_obey_them():
    rows, seen = collected(levels=[3], keep=0.5, values=["init"])  # fewer than either rule leaves
    for row, weights in zip(rows, seen, strict=True):
        for name, kept in weights.items():
            products = (INIT[name] * FINAL[name])[kept != 0]
            assert row["sign"] != "same" or (products > 0).all()
            assert row["sign"] != "diff" or (products < 0).all()


def test_the_masks_are_those_of_the_criteria():
    rows, seen = collected(criteria=["movement"], signs=["any"], values=["init"], levels=2, keep=0.6)
    assert len(rows) == 2
    for level, weights in enumerate(seen, start=1):
        mask = select(score("movement", {"init": INIT, "final": FINAL}), 0.6**level)
        assert all((weights[name] != 0).equal(mask[name]) for name in mask)


def test_a_criterion_ends_before_a_layer_would_be_empty():
    rows, _ = collected(levels=9, keep={"b": 0.3, "*": 1.0}, criteria=["random", "movement"], signs=["any"])
    assert [row["level"] for row in rows if row["values"] == "init"] == [1, 2, 3, 4, 1, 2, 3, 4]


def test_a_seed_gives_the_same_masks():
    options = {"criteria": ["random"], "levels": 2, "signs": ["any"], "values": ["constant"]}
    first, again, other = (
        collected(generator=torch.Generator().manual_seed(seed), **options)[1][-1]["a"] for seed in (3, 3, 4)
    )
    assert first.equal(again)
    assert not first.equal(other)


def test_a_criterion_of_ones_own_is_named_after_itself():
    def product(init, final):
        return init * final

    rows, _ = collected(criteria=[product], levels=1, signs=["any"], values=["init"])
    assert rows[0]["criterion"] == "product"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"signs": ["sane"]}, "signs must be one of 'any', 'same', 'diff'.*did you mean 'same'"),
        ({"values": ["final"]}, "values must be one of 'init', 'constant'"),
        ({"criteria": ["large_finale"]}, "criterion must be one of .*did you mean 'large_final'"),
        ({"keep": 0.0}, r"keep must be in \(0, 1\]"),
    ],
)
def test_bad_input_is_refused_in_a_line(options, message):
    with pytest.raises(ValueError, match=message) as error:
        collected(**options)
    assert "\n" not in str(error.value)
