"""What 3.2 says of noisy linear tasks, and what our records say."""

import statistics
from collections.abc import Mapping, Sequence
from itertools import pairwise

from rewire.experiments.claim import Outcome, summarise
from rewire.experiments.light_switch.linear.claims import last
from rewire.runs import Records

FLOOR = 0.4**2  # the noise of the test points: no network can do better
SETTINGS = ("T=10", "T=50")
BEST_ON = 0.8  # of the seeds


def gated_is_best(records: Records) -> Outcome | None:
    """LS-2a: in both settings, gated below separate and shared on 8 of 10 seeds, and all errors above the noise's."""
    ends = {setting: endings(records, setting) for setting in SETTINGS}
    holds = all(_is_best(end, "gated") for end in ends.values())
    note = "; ".join(f"{setting}: {_describe(end)}" for setting, end in ends.items())
    honest = [f"{setting} {_spread(end['separate'])}" for setting, end in ends.items()]
    note = f"test MSE, noise floor {FLOOR:.2g}. {note}. Separate at lr, not the code's 3·T·lr: {', '.join(honest)}"
    return summarise(list(ends["T=10"]["gated"].values()), holds, note + _artefacts(records))


def noise_misleads(records: Records) -> Outcome | None:
    """LS-2b: with σ, the share of wrong masks rises, and so do the errors of shared and separate networks."""
    found = sigmas(records)
    wrong = [_mean(last(records, f"σ={sigma:g} gated", "wrong")) for sigma in found]
    rivals = {
        label: [_mean(last(records, f"σ={sigma:g} {label}", "mse")) for sigma in found]
        for label in ("gated", "hard", "shared", "separate 3T")
    }
    hard = [_mean(last(records, f"σ={sigma:g} hard", "wrong")) for sigma in found]
    holds = all(map(_rises, (wrong, rivals["shared"], rivals["separate 3T"])))
    above = {label: [mse - sigma**2 for mse, sigma in zip(errors, found)] for label, errors in rivals.items()}
    note = (
        f"share of gated masks on the wrong side of 1/2 at the largest σ; σ {_list(found)}: wrong {_list(wrong)}, hard "
        f"{_list(hard)}; test MSE above the points' own σ²: " + ", ".join(f"{k} {_list(v)}" for k, v in above.items())
    )
    largest = list(last(records, f"σ={found[-1]:g} gated", "wrong").values())
    return summarise(largest, holds, note)


def endings(records: Records, setting: str) -> dict[str, dict[int, float]]:
    """Each contender's final test MSE by seed, in one setting of Fig 1."""
    labels = ("gated", "hard", "shared", "separate 3T", "separate")
    return {label: last(records, f"{setting} {label}", "mse") for label in labels}


def sigmas(records: Records) -> list[float]:
    """The noises of the sweep, ascending. Raises LookupError where there are fewer than two."""
    found = sorted(
        float(label.removeprefix("σ=").split()[0]) for label in records.by("label") if label.startswith("σ=")
    )
    found = list(dict.fromkeys(found))
    if len(found) < 2:
        raise LookupError("the sweep has fewer than two noises")
    return found


def _is_best(ends: Mapping[str, Mapping[int, float]], model: str) -> bool:
    return (
        _wins(ends, model, "separate 3T") >= BEST_ON
        and _wins(ends, model, "shared") >= BEST_ON
        and min(min(ends[label].values()) for label in (model, "separate 3T", "shared")) > FLOOR
    )


def _wins(ends: Mapping[str, Mapping[int, float]], model: str, rival: str) -> float:
    return statistics.fmean(ends[model][seed] < ends[rival][seed] for seed in ends[model])


def _describe(ends: Mapping[str, Mapping[int, float]]) -> str:
    numbers = ", ".join(f"{label} {_spread(ends[label])}" for label in ("gated", "hard", "shared", "separate 3T"))
    count = len(ends["gated"])
    wins = [f"{rival} on {_wins(ends, 'gated', rival) * count:.0f}" for rival in ("separate 3T", "shared", "hard")]
    return f"{numbers}; of {count} seeds gated is below {', '.join(wins)}"


def _artefacts(records: Records) -> str:
    """What torch 1.6's zero_grad would have changed, where it was run."""
    found = [label for label in records.by("label") if label.endswith("zero_grad")]
    numbers = [f"{label.removeprefix('T=10 ')} {_spread(last(records, label, 'mse'))}" for label in found]
    return f". With torch 1.6's zero_grad, T=10: {'; '.join(numbers)}" if numbers else ""


def _rises(values: Sequence[float]) -> bool:
    return all(low < high for low, high in pairwise(values))


def _mean(values: Mapping[int, float]) -> float:
    return statistics.fmean(values.values())


def _spread(values: Mapping[int, float]) -> str:
    std = statistics.stdev(values.values()) if len(values) > 1 else 0.0
    return f"{_mean(values):.3f} ± {std:.3f}"


def _list(values: Sequence[float]) -> str:
    return "/".join(f"{value:.2g}" for value in values)
