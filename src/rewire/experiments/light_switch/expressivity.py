"""LS-0a, §2, eq. 3: gates lose no expressivity, for θ_W = θ / σ(θ_M) gives back any plain network θ."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rewire.experiments.claim import Claim, Outcome, summarise
from rewire.experiments.recipe import Context, Recipe, Stage
from rewire.runs import Records

if TYPE_CHECKING:
    from torch import Tensor, nn

LARGEST = 1e-6  # difference allowed in float32


@dataclass(frozen=True)
class Config:
    """A gate whose scores are drawn from N(mean, std²); the networks are LeNet-5 and an MLP 784-300-100-10.

    network: "lenet5" or "mlp". switch: "gated" (σ) or "hard" (a step: all weights on while scores are above 0).
    """

    network: str = "lenet5"
    switch: str = "gated"
    mean: float = 0.0
    std: float = 1.0


def stages(budget: str) -> tuple[Stage, ...]:
    """The same at both budgets: there is nothing to train."""
    return tuple(
        Stage(f"{switch} {network}", Config(network, switch, mean, std), (0, 1, 2, 3, 4))
        for network in ("mlp", "lenet5")
        for switch, mean, std in (("gated", 0.0, 1.0), ("hard", 1.0, 0.0))
    )


def execute(config: Config, context: Context) -> None:
    """Gate a plain network, divide its values by one task's masks, and compare: effective weights, then outputs."""
    import copy

    import torch

    import rewire
    from rewire.training import Streams

    streams = Streams(context.seed)
    with streams.initialising():
        plain, x = _network(config.network)
    switch = {"gated": rewire.Sigmoid, "hard": rewire.Hard}[config.switch](mean=config.mean, std=config.std)
    gated = rewire.gate(copy.deepcopy(plain), ["a", "b"], switch, generator=streams["masks"])
    equal_at_start = rewire.gate(copy.deepcopy(plain), ["a", "b"], preserve=True)
    with torch.no_grad():
        masks = rewire.gates.masks(gated, "a")
        for name, values in rewire.gates.values(gated).items():
            values.div_(masks[name])
        difference = {"weights": _largest(dict(plain.named_parameters()), _effective(gated))}
        difference |= {"outputs": _largest({"": plain(x)}, {"": gated(x)})}
        difference |= {"preserved": _largest({"": plain(x)}, {"": equal_at_start(x)})}
    context.sink.write({"network": config.network, "switch": config.switch} | difference)


def _network(name: str) -> "tuple[nn.Module, Tensor]":
    """A plain network, initialised as torch does, and a batch of uniform noise in the shape it takes."""
    import torch

    from rewire.errors import choice
    from rewire.models import MLP, LeNet5

    if name not in ("lenet5", "mlp"):
        raise choice("network", ("lenet5", "mlp"), name)
    return (LeNet5(), torch.rand(64, 1, 32, 32)) if name == "lenet5" else (MLP(784, 300, 100, 10), torch.rand(64, 784))


def _effective(model: "nn.Module") -> "dict[str, Tensor]":
    """The weights the model computes with, by the names they had before gates were put on them."""
    import rewire

    return dict(rewire.merge(model, "a").named_parameters())


def _largest(a: "dict[str, Tensor]", b: "dict[str, Tensor]") -> float:
    return max((a[name] - b[name]).abs().max().item() for name in a)


def no_loss(records: Records) -> Outcome | None:
    """LS-0a."""
    gated, hard = records.where(switch="gated"), records.where(switch="hard")
    if not len(gated):
        return None
    ours = [max(seed.values("weights")) for seed in gated.by("seed").values()]
    note = (
        "largest |θ − θ_W ⊙ σ(θ_M)| in float32 over LeNet-5 and an MLP with scores ~ N(0, 1); outputs within "
        f"{max(gated.values('outputs')):.0e}; scores 0 and values doubled, as the authors' code starts, change outputs "
        f"by {max(gated.values('preserved')):.0e}"
    )
    if len(hard):
        note += f"; hard gate, all weights on, {max(hard.values('weights')):.0e}: a weight it turns off is lost"
    return summarise(ours, max(ours) < LARGEST, note)


RECIPE = Recipe(
    id="light-switch/expressivity",
    document="Like A Light Switch, Blum & Law 2020",
    figures=(),
    summary="Gates lose no expressivity: any plain network is a gated one, eq. 3",
    claims=(
        Claim(
            "LS-0a",
            "A gated network can express whatever the plain one can: θ_W = θ / σ(θ_M)",
            "equal",
            "§2, eq. 3",
            no_loss,
            quantity="largest difference of a weight",
        ),
    ),
    stages=stages,
    execute=execute,
    cost={"quick": 2.0, "full": 2.0},
)
