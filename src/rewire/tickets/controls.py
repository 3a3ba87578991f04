"""Controls: what is left of a ticket when its initial values, or the places of its weights, are drawn anew.

Each makes one draw from a generator; `generators` gives as many independent ones as there are to be draws.
"""

import copy
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.nn.utils.parametrize import is_parametrized

from rewire.gates.contents import unwrapped
from rewire.masks import Mask

LARGEST_SEED = 2**63 - 1


def generators(seed: int, draws: int) -> list[torch.Generator]:
    """`draws` independent generators of one seed: the third of five is the third of three. ValueError for draws < 1.

    >>> masks = [random_mask({"w": torch.zeros(8, 8)}, 0.5, generator) for generator in generators(0, draws=3)]
    >>> masks[0] == masks[1], masks[0] == random_mask({"w": torch.zeros(8, 8)}, 0.5, generators(0, draws=1)[0])
    (False, True)
    """
    if draws < 1:
        raise ValueError(f"draws must be at least 1; got {draws}")
    source = torch.Generator().manual_seed(seed)
    return [torch.Generator().manual_seed(_seed(source)) for _ in range(draws)]


def reinit(
    model: nn.Module, generator: torch.Generator, build: Callable[[], nn.Module] | None = None
) -> dict[str, Tensor]:
    """Random reinit: the state dict of a newly initialised `model`, which is left as it is, like torch's own generator.

    Without `build` every module's `reset_parameters` runs on a copy, children first, as they are built: plain layers
    get what building anew under the seed would give them. Frozen parameters, and buffers that no reset touches, keep
    their values. A network that initialises itself otherwise needs `build`, which returns a new one. Wrappers are
    looked through. Draws are made on the CPU, so that a seed gives the same values on every device (Frankle & Carbin
    2019, §2: "random reinit").

    Raises ValueError naming a trainable parameter that no reset reaches, one that is not initialised yet, and the
    first tensor in which the network built differs from the model.

    >>> model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    >>> values = reinit(model, torch.Generator().manual_seed(0))
    >>> values["0.weight"].equal(model[0].weight), values["1.weight"]
    (False, tensor([1., 1.]))
    """
    model = unwrapped(model)
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        if is_lazy(tensor):
            raise ValueError(f"model must be initialised; {name!r} has no shape yet: pass a batch through it first")
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(_seed(generator))  # torch.manual_seed would seed the GPUs as well
        fresh = _reset(copy.deepcopy(model).cpu()) if build is None else build()
    drawn, own = fresh.state_dict(), model.state_dict()
    if build is not None:
        _check(drawn, own)
    return {
        name: drawn[name].detach().to(tensor.device, tensor.dtype, copy=True)
        for name, tensor in own.items()
        if isinstance(tensor, Tensor)  # a module's extra state is none of the initialisation's
    }


def reshuffle_mask(mask: Mask, generator: torch.Generator) -> Mask:
    """The mask's entries in a random order within each tensor: as many on as before, in other places.

    >>> mask = Mask({"w": torch.arange(8).reshape(2, 4) < 3})
    >>> reshuffle_mask(mask, torch.Generator().manual_seed(0)).kept
    3
    """
    return Mask({name: _scattered(on, int(on.count_nonzero()), generator) for name, on in mask.items()})


def random_mask(tensors: Mapping[str, Tensor], keep: float | Mapping[str, float], generator: torch.Generator) -> Mask:
    """A random mask of these tensors with exactly round(keep · n) of a tensor's n entries on.

    keep: one fraction in [0, 1], or one per tensor by name, as a ticket's `mask.densities()`. Raises ValueError for
    a fraction outside and for names that are not those of `tensors`.

    >>> random_mask({"w": torch.zeros(10, 10)}, {"w": 0.25}, torch.Generator().manual_seed(0)).densities()
    {'w': 0.25}
    """
    fractions = dict(keep) if isinstance(keep, Mapping) else dict.fromkeys(tensors, keep)
    for name in [*fractions, *tensors]:
        if (name in fractions) != (name in tensors):
            raise ValueError(f"keep must name the tensors; {name!r} is {'extra' if name in fractions else 'missing'}")
        if not 0 <= fractions[name] <= 1:
            raise ValueError(f"keep must be in [0, 1]; got {fractions[name]} for {name!r}: it is the fraction kept")
    counts = {name: round(fractions[name] * tensor.numel()) for name, tensor in tensors.items()}
    return Mask({name: _scattered(tensor, counts[name], generator) for name, tensor in tensors.items()})


def _scattered(like: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """A boolean tensor of that shape and device, `count` of its entries on, each choice equally likely."""
    on = torch.zeros(like.numel(), dtype=torch.bool, device=like.device)
    on[torch.randperm(on.numel(), generator=generator, device=generator.device)[:count].to(on.device)] = True
    return on.reshape(like.shape)


def _seed(generator: torch.Generator) -> int:
    return int(torch.randint(LARGEST_SEED, (), generator=generator, device=generator.device))


@torch.no_grad()
def _reset(model: nn.Module) -> nn.Module:
    """Run every module's reset, children first, and make sure that it reached each trainable parameter."""
    frozen = {name: tensor.clone() for name, tensor in model.named_parameters() if not tensor.requires_grad}
    gated = [f"{name}.parametrizations" for name, module in model.named_modules() if is_parametrized(module)]
    if gated:
        raise _unreached(gated[0].lstrip("."))  # a reset would write into what the parametrization computes
    for name, parameter in model.named_parameters():
        if name not in frozen:
            parameter.fill_(torch.nan)  # what is NaN afterwards was not drawn
    model.apply(_reset_one)
    after = dict(model.named_parameters())
    for name, tensor in frozen.items():
        after[name].copy_(tensor)
    for name, parameter in after.items():
        if parameter.isnan().any() and name not in frozen:
            raise _unreached(name)
    return model


def _reset_one(module: nn.Module) -> None:
    # nn.MultiheadAttention and nn.Transformer name theirs with an underscore.
    reset = getattr(module, "reset_parameters", None) or getattr(module, "_reset_parameters", None)
    if callable(reset):
        reset()


def _unreached(name: str) -> ValueError:
    return ValueError(
        f"model must initialise every parameter in some module's reset_parameters(); {name!r} is in none: "
        "pass build=, a function that returns a new model"
    )


def _check(built: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> None:
    for name in [*own, *built]:
        ours, theirs = (str([*each[name].shape]) if name in each else "absent" for each in (own, built))
        if ours != theirs:
            raise ValueError(f"build must return a network like model; {name!r} is {theirs} there, {ours} in model")
