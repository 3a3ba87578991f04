"""LS-6a, the paper's summary: gated against the best of shared and separate on every experiment that was run."""

import re
import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from rewire.experiments.claim import Claim, Outcome
from rewire.runs import Records

READS = tuple(f"light-switch/{name}" for name in ("linear", "noise", "sinusoid", "mnist", "colours"))
NETWORK = re.compile(r"\b(gated|hard|shared|plain|separate)( \dT)?\b")
RIVALS = ("shared", "plain", "separate")
ALLOWED = {"accuracy": 0.01, "mse": 0.1}  # a difference of accuracy; a fraction of the best mean squared error
ZERO = 1e-3  # mean squared errors below this are all "about 0" (3.1)


@dataclass(frozen=True)
class Gap:
    """A gated network and its best rival on one experiment, means over seeds and tasks at the last step that all have.

    Attributes:
        experiment: such as "colours primaries". network: such as "gated", "gated 4T" or "hard". rival: the best one.
        metric: "accuracy" or "mse". ours, best: the two means. n: seeds of ours.
    """

    experiment: str
    network: str
    rival: str
    metric: str
    ours: float
    best: float
    step: int
    n: int

    @property
    def behind(self) -> float:
        """How far ours is worse: a difference of accuracy, or a fraction of the best error; negative when better."""
        if self.metric == "accuracy":
            return self.best - self.ours
        return max(self.ours, ZERO) / max(self.best, ZERO) - 1

    @property
    def close(self) -> bool:
        return self.behind <= ALLOWED[self.metric]

    def __str__(self) -> str:
        amount = f"{-self.behind:+.3f}" if self.metric == "accuracy" else f"{self.behind:+.0%} of error"
        amount = "" if self.metric == "mse" and self.best < ZERO else f"{amount}, "
        name = f"{self.experiment} {self.network} {self.ours:.3g}"
        return f"{name} against {self.rival} {self.best:.3g} ({amount}step {self.step})"


def gaps(records: Records) -> list[Gap]:
    """Every gated or hard network that has a rival in the same experiment, in order of the records."""
    found = []
    for (experiment, metric), networks in _experiments(records).items():
        rivals = {name: steps for name, steps in networks.items() if name.startswith(RIVALS)}
        for name, steps in networks.items():
            if name in rivals:
                continue
            gap = _gap(experiment, metric, name, steps, rivals)
            found += [gap] if gap else []
    return found


Steps = dict[int, dict[int, list[float]]]  # step → seed → the metric of each task


def _experiments(records: Records) -> dict[tuple[str, str], dict[str, Steps]]:
    """(experiment, metric) → network → its test results; stages that show a defect of zero_grad are left out."""
    found: dict[tuple[str, str], dict[str, Steps]] = {}
    for row in records:
        named = split(row["label"])
        metric = next((name for name in ALLOWED if name in row), None)
        if named is None or metric is None or row.get("split") != "test":
            continue
        experiment, network = named
        steps = found.setdefault((experiment, metric), {}).setdefault(network, defaultdict(lambda: defaultdict(list)))
        steps[row["step"]][row["seed"]].append(row[metric])
    return found


def split(label: str) -> tuple[str, str] | None:
    """A label of another recipe as (experiment, network); None for a recipe's own, and for what names no network.

    >>> split("light-switch/colours:primaries separate 3T"), split("light-switch/sinusoid:none")
    (('colours primaries', 'separate 3T'), None)
    """
    recipe, colon, stage = label.partition(":")
    match = NETWORK.search(stage)
    if not colon or match is None or "zero" in stage:
        return None
    rest = f"{stage[: match.start()]} {stage[match.end() :]}"
    return " ".join([recipe.rpartition("/")[2], *rest.split()]), match[0]


def _gap(experiment: str, metric: str, network: str, steps: Steps, rivals: dict[str, Steps]) -> Gap | None:
    common = set(steps).intersection(*rivals.values())
    if not rivals or not common:
        return None
    step = max(common)
    means = {name: _mean(theirs[step]) for name, theirs in rivals.items()}
    best = max(means, key=lambda name: means[name] if metric == "accuracy" else -means[name])
    return Gap(experiment, network, best, metric, _mean(steps[step]), means[best], step, len(steps[step]))


def _mean(seeds: dict[int, list[float]]) -> float:
    return statistics.fmean(statistics.fmean(values) for values in seeds.values())


def keeps_up(records: Records) -> Outcome | None:
    """LS-6a: how many gated networks are within the allowed gap of their best rival; the others are listed."""
    found = gaps(records)
    gated = [gap for gap in found if gap.network.startswith("gated")]
    hard = [gap for gap in found if gap.network.startswith("hard")]
    if not gated:
        return None
    close = sum(gap.close for gap in gated)
    note = (
        f"exceptions: {_list(gap for gap in gated if not gap.close)}; hard: {sum(gap.close for gap in hard)} of "
        f"{len(hard)}, exceptions: {_list(gap for gap in hard if not gap.close)}; {_missing(found)}"
    )
    return Outcome(f"{close} of {len(gated)}", None, len(gated), close == len(gated), note)


def _list(found: Iterable[Gap]) -> str:
    return "; ".join(map(str, found)) or "none"


def _missing(found: list[Gap]) -> str:
    seen = {gap.experiment.partition(" ")[0] for gap in found}
    missing = [name for name in READS if name.rpartition("/")[2] not in seen]
    return f"not run: {', '.join(missing) or 'none'}"


CLAIM = Claim(
    id="LS-6a",
    statement="gated always performs like the best of shared and separate (within .01 of accuracy, 10 % of error)",
    paper="always",
    where="4",
    measure=keeps_up,
    scaled=frozenset({"quick"}),
    quantity="comparisons",
)
