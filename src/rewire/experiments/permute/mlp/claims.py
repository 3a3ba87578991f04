"""What the paper says of the fully connected network by SGPerm (Fig 10, and its outlook), and what our records say."""

from functools import partial

from rewire.experiments.claim import Claim, Outcome, summarise
from rewire.experiments.permute.mlp.stages import ADAM, BRACKET, FASHION, MNIST, PROJECT, SGPERM, named
from rewire.experiments.permute.shared.claims import differences, first, last, mean, points, spread
from rewire.runs import Records

MAY_LOSE = 0.01


def as_good_as_adam(records: Records, dataset: str) -> Outcome | None:
    """P2-12: SGPerm − Adam after 800 updates, on the same batches; SGPerm may lose a point."""
    sgperm, adam = (last(records, named(way, dataset)) for way in (SGPERM, ADAM))
    gaps = differences(sgperm, adam)
    better = sum(gap > 0 for gap in gaps)
    shown = ", ".join(f"{way} {spread(found)}" for way, found in _ways(records, dataset).items())
    note = f"at 800 updates: {shown}; SGPerm is ahead in {better} of {len(gaps)} seeds"
    return summarise(points(gaps), mean(gaps) >= -MAY_LOSE, note)


def ahead_of_adam(records: Records) -> Outcome | None:
    """P2-12-ahead: SGPerm − Adam after 800 updates, mean of both datasets; both must be above 0."""
    gaps = {
        dataset: differences(*(last(records, named(way, dataset)) for way in (SGPERM, ADAM)))
        for dataset in (MNIST, FASHION)
    }
    note = ", ".join(f"{dataset} {100 * mean(each):+.2f} pp" for dataset, each in gaps.items())
    both = [mean(each) for each in zip(*gaps.values())]
    return summarise(points(both), all(mean(each) > 0 for each in gaps.values()), note)


def one_set_of_values(records: Records) -> Outcome | None:
    """P2-12-values: seeds whose two networks are permutations of one θ0, told by digests made in separate runs."""
    starts, values, ends, exact = (
        [first(records, named(SGPERM, dataset), key) for dataset in (MNIST, FASHION)]
        for key in ("theta0", "values0", "values", "permuted")
    )
    seeds = [seed for seed in starts[0] if seed in starts[1]]
    good = [
        seed
        for seed in seeds
        if starts[0][seed] == starts[1][seed]
        and len({each[seed] for each in (*values, *ends)}) == 1
        and all(each[seed] for each in exact)
    ]
    note = f"{_shown(records, starts[0], seeds)}. {_cost(records)}"
    return Outcome(f"{len(good)} of {len(seeds)}", None, len(seeds), bool(seeds) and len(good) == len(seeds), note)


def _ways(records: Records, dataset: str) -> dict[str, dict]:
    found = {}
    for way in (SGPERM, BRACKET, PROJECT, ADAM):
        if len(records.where(label=named(way, dataset))):
            found[way] = last(records, named(way, dataset))
    return found


def _shown(records: Records, starts: dict, seeds: list[int]) -> str:
    accuracies = ", ".join(f"{dataset} {spread(last(records, named(SGPERM, dataset)))}" for dataset in (MNIST, FASHION))
    return f"accuracy of the two: {accuracies}. SHA-256 of θ0: " + ", ".join(
        f"seed {seed} {starts[seed]}" for seed in seeds
    )


def _cost(records: Records) -> str:
    """What a further task costs: which permutation it is."""
    bits = mean(first(records, named(SGPERM, MNIST), "log2_permutations"))
    weights = mean(first(records, named(SGPERM, MNIST), "weights"))
    return f"A task is one of 2^{bits:,.0f} permutations: {bits / weights:.2f} bits a weight, of 32"


CLAIMS = (
    *(
        Claim(
            f"P2-12-{dataset.lower()}",
            f"by moving weights alone, 784-500-300-10 is as accurate on {dataset} as by Adam after 800 updates",
            "≥ 0 (within a point)",
            "Fig 10",
            partial(as_good_as_adam, dataset=dataset),
            quantity="pp, SGPerm − Adam",
        )
        for dataset in (MNIST, FASHION)
    ),
    Claim(
        "P2-12-ahead",
        "it is even slightly ahead, on both",
        "> 0 (no number)",
        "Fig 10",
        ahead_of_adam,
        quantity="pp, SGPerm − Adam, mean of both",
    ),
    Claim(
        "P2-12-values",
        "both networks hold the same values: one set of weights can serve several tasks",
        "the same θ0",
        "Fig 10, §6",
        one_set_of_values,
        quantity="seeds whose networks share all values",
    ),
)
