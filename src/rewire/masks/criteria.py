"""Criteria: which weights are worth keeping. A table of formulas by name, what each needs, and how layers are scored.

A criterion is a function whose parameter names say the evidence it needs. To add one, write it in `formulas.py`, and
its row here.
"""

import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import Generator, Tensor

from rewire.errors import choice
from rewire.masks.formulas import (
    fisher,
    grasp,
    large_init,
    large_init_large_final,
    magnitude,
    magnitude_increase,
    movement,
    obd,
    quality,
    random,
    small_final,
    small_init,
    small_init_small_final,
    snip,
    synflow,
)

Criterion = Callable[..., Tensor]
SEED = 0  # of random scores when no generator is given: never torch's global one

CRITERIA: Mapping[str, Criterion] = MappingProxyType(
    {
        "magnitude": magnitude,
        "large_final": magnitude,
        "quality": quality,
        "small_final": small_final,
        "large_init": large_init,
        "small_init": small_init,
        "large_init_large_final": large_init_large_final,
        "small_init_small_final": small_init_small_final,
        "magnitude_increase": magnitude_increase,
        "movement": movement,
        "random": random,
        "snip": snip,
        "grasp": grasp,
        "synflow": synflow,
        "fisher": fisher,
        "obd": obd,
    }
)


def resolve(criterion: str | Criterion) -> Criterion:
    """The function of that name, or the function itself. ValueError for an unknown name, TypeError for neither."""
    if callable(criterion):
        return criterion
    if not isinstance(criterion, str):
        raise TypeError(f"criterion must be a name or a function of evidence; got {type(criterion).__name__}")
    if criterion not in CRITERIA:
        raise choice("criterion", CRITERIA, criterion, "or pass a function of init, final, …")
    return CRITERIA[criterion]


def needs(criterion: str | Criterion) -> tuple[str, ...]:
    """The names of the evidence that a criterion cannot do without.

    >>> needs("movement"), needs("snip")
    (('init', 'final'), ('final', 'gradient'))
    """
    function = resolve(criterion)
    try:
        parameters = inspect.signature(function).parameters.values()
        named = all(p.kind is not p.POSITIONAL_ONLY for p in parameters)
    except ValueError:  # a built-in, such as torch.abs
        parameters, named = (), False
    if not named:
        got = f"{_name(function)!r}, whose parameters have none: wrap it, as in lambda final: …"
        raise TypeError(f"criterion must name its evidence in its parameters; got {got}")
    return tuple(p.name for p in parameters if p.default is p.empty and p.name != "generator")


def same_sign(criterion: str | Criterion) -> Criterion:
    """The criterion, with every weight last, at −∞, that changed its sign or is zero (Zhou et al. 2019, §5).

    >>> keep_signs = same_sign("magnitude")
    >>> keep_signs(init=torch.tensor([1.0, 1.0]), final=torch.tensor([0.5, -2.0]))
    tensor([0.5000,   -inf])
    """
    return _ruled(criterion, "same_sign", lambda product: product > 0)


def diff_sign(criterion: str | Criterion) -> Criterion:
    """The opposite of `same_sign`: every weight is last, at −∞, that kept its sign or is zero (Zhou et al.'s code).

    >>> diff_sign("magnitude")(init=torch.tensor([1.0, 1.0]), final=torch.tensor([0.5, -2.0]))
    tensor([-inf, 2.])
    """
    return _ruled(criterion, "diff_sign", lambda product: product < 0)


def _ruled(criterion: str | Criterion, rule: str, holds: Callable[[Tensor], Tensor]) -> Criterion:
    """The criterion among the weights for whose product of signs a rule holds; its name begins with the rule's."""
    inner = resolve(criterion)

    def wrapped(init: Tensor, final: Tensor, **others: Tensor | Generator | None) -> Tensor:
        given = {"init": init, "final": final, **others}
        scores = inner(**{name: given[name] for name in inspect.signature(inner).parameters if name in given})
        return scores.masked_fill(~holds(init.sign() * final.sign()), -torch.inf)

    own = inspect.signature(wrapped).parameters
    names = {"init": own["init"], "final": own["final"], **inspect.signature(inner).parameters}
    wrapped.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [parameter.replace(kind=parameter.KEYWORD_ONLY) for parameter in names.values()]
    )
    wrapped.__name__ = f"{rule}_{_name(inner)}"
    return wrapped


def score(
    criterion: str | Criterion,
    evidence: Mapping[str, Mapping[str, Tensor]],
    generator: Generator | None = None,
    within: Mapping[str, Tensor] | None = None,
) -> dict[str, Tensor]:
    """Every layer's scores, of its shape and in single precision at least; higher is kept.

    Args:
        criterion: a name from CRITERIA, or a function whose parameter names are names of `evidence`.
        evidence: for each kind ("init", "final", …) the layers' tensors by name. Kinds that are not needed are ignored.
        generator: for random scores; a fixed seed when None.
        within: boolean masks; the criterion sees only the entries that are on, the others score −∞. It matters to
            criteria that compare a weight with its layer, whose percentiles are then those of the weights still there.

    Raises ValueError for an unknown criterion, missing evidence, and layers whose names or shapes differ.

    >>> score("magnitude", {"final": {"weight": torch.tensor([[-2.0, 1.0]])}})
    {'weight': tensor([[2., 1.]])}
    """
    function, names = resolve(criterion), needs(criterion)
    _check(function, names, evidence, within)
    extra = {}
    if "generator" in inspect.signature(function).parameters:
        extra["generator"] = generator or Generator().manual_seed(SEED)
    return {
        layer: _score(function, layer, {name: evidence[name][layer] for name in names}, extra, within)
        for layer in evidence[names[0]]
    }


@torch.no_grad()
def _score(
    function: Criterion,
    layer: str,
    tensors: Mapping[str, Tensor],
    extra: Mapping[str, Generator],
    within: Mapping[str, Tensor] | None,
) -> Tensor:
    # Half precision is widened first: squares would underflow, and neighbours round to ties.
    wide = {name: t.detach().to(torch.promote_types(t.dtype, torch.float32)) for name, t in tensors.items()}
    on = None if within is None else within[layer].to(next(iter(wide.values())).device)
    seen = wide if on is None else {name: t[on] for name, t in wide.items()}
    expected = next(iter(seen.values())).shape
    scores = function(**seen, **extra)
    if not isinstance(scores, Tensor) or scores.shape != expected:
        got = list(scores.shape) if isinstance(scores, Tensor) else type(scores).__name__
        raise ValueError(f"criterion must return scores of shape {list(expected)} for {layer!r}; got {got}")
    if on is None:
        return scores
    if not scores.is_floating_point() and not scores.is_complex():
        scores = scores.double()  # whole numbers and booleans have no −∞
    return scores.new_full(on.shape, -torch.inf).masked_scatter_(on, scores)


def _check(
    function: Criterion,
    names: tuple[str, ...],
    evidence: Mapping[str, Mapping[str, Tensor]],
    within: Mapping[str, Tensor] | None,
) -> None:
    if not names:
        raise ValueError(f"criterion must take evidence as parameters; got {_name(function)!r}, which takes none")
    missing = [name for name in names if name not in evidence]
    if missing:
        raise ValueError(
            f"evidence must hold {', '.join(map(repr, names))} for criterion {_name(function)!r}; got "
            f"{', '.join(map(repr, evidence)) or 'nothing'}: pass {missing[0]!r} too, as a mapping from layer to tensor"
        )
    kinds = {name: evidence[name] for name in names} | ({} if within is None else {"within": within})
    first = names[0]
    for name, layers in kinds.items():
        if not isinstance(layers, Mapping):
            raise TypeError(f"evidence must map layers to tensors; got {type(layers).__name__} as {name!r}")
    for name, layers in kinds.items():
        for layer in sorted({*kinds[first]} ^ {*layers}):
            raise ValueError(f"evidence must name the same layers; got {layer!r} only in one of {first!r}, {name!r}")
        for layer, tensor in layers.items():
            if not isinstance(tensor, Tensor):
                raise TypeError(f"evidence must be tensors; got {type(tensor).__name__} in {name!r} for {layer!r}")
            if tensor.shape != kinds[first][layer].shape:
                shapes = f"{list(kinds[first][layer].shape)} in {first!r}, {list(tensor.shape)} in {name!r}"
                raise ValueError(f"evidence must be of one shape per layer; got {shapes} for {layer!r}")


def _name(function: Criterion) -> str:
    return getattr(function, "__name__", type(function).__name__)
