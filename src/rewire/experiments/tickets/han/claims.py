"""What §3 says of Han et al.'s pruning, the numbers of their Table 1, and what our records say."""

from functools import partial

from rewire.experiments.claim import Claim, Outcome, summarise
from rewire.experiments.tickets.han.stages import LENET, MLP, MLP_ONCE
from rewire.experiments.tickets.shared.claims import differences, levels, mean, spread
from rewire.runs import Records

COMPRESSION = 12.0
TOLERANCE = 0.001  # of all test images
# Table 1's fully connected network, and ours in the order of its layers: % of each layer's weights left.
PAPER_LAYERS = {MLP: (8, 9, 26), LENET: (66, 12, 8, 19)}


def nothing_is_lost(records: Records, label: str) -> Outcome | None:
    """LT-9: twelve times fewer parameters, and a mean test error no more than .1 pp above the dense network's."""
    errors, sizes = (levels(records, label, of) for of in ("accuracy", "compression"))
    last = max(errors)
    lost = differences(errors[0], errors[last])
    smaller = mean(sizes[last])
    holds = round(smaller, 1) >= COMPRESSION and mean(lost) <= TOLERANCE
    note = (
        f"{smaller:.2f} times fewer, error {_error(errors[0])} → {_error(errors[last])} in {last} round"
        f"{'s' * (last > 1)}, before the last retraining {_error(levels(records, label, 'cut_accuracy')[last])}; "
        f"{_layers(records, label, last)}{_at_once(records, label)}"
    )
    return summarise([100 * each for each in lost], holds, note)


def _error(accuracies: dict[int, float]) -> str:
    return spread({seed: 1 - value for seed, value in accuracies.items()})


def _layers(records: Records, label: str, level: int) -> str:
    """Each layer's density, beside the paper's."""
    layers = records.where(label=label, level=level).by("layer")
    ours = "/".join(f"{100 * mean(rows.values('layer_density')):.0f}" for rows in layers.values())
    return f"% left by layer {ours}, the paper's {'/'.join(map(str, PAPER_LAYERS[label]))}"


def _at_once(records: Records, label: str) -> str:
    """What the same compression costs in one round, with the quality that it takes."""
    if label != MLP or not len(records.where(label=MLP_ONCE)):
        return ""
    errors, (*qualities,) = levels(records, MLP_ONCE), records.where(label=MLP_ONCE).values("quality")
    return f"; at once, with q = {mean(qualities):.2f}: {_error(errors[0])} → {_error(errors[max(errors)])}"


CLAIMS = (
    Claim(
        "LT-9",
        "300-100 pruned by a threshold of q·std(layer) and retrained at lr/10 is 12 times smaller at no loss",
        "1.64 → 1.59 % (Han et al., Table 1)",
        "§3",
        partial(nothing_is_lost, label=MLP),
        scaled=frozenset({"quick"}),
        quantity="pp of test error gained",
    ),
    Claim(
        "LT-9-lenet5",
        "LeNet-5 likewise",
        "0.80 → 0.77 % (Han et al., Table 1)",
        "§3",
        partial(nothing_is_lost, label=LENET),
        quantity="pp of test error gained",
    ),
)
