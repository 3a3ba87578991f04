"""Masks from scores: a fraction of the entries with the highest score, or all from a cutoff on."""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from numbers import Real

import torch
from torch import Tensor

from rewire.errors import choice
from rewire.masks.mask import Mask

SCOPES = ("layer", "global")


class EmptyLayer(ValueError):
    """A layer would keep nothing, which cuts the network in two; `layer` is its name."""

    def __init__(self, layer: str, candidates: int):
        super().__init__(
            f"every layer must keep at least one entry; {layer!r} would keep none of {candidates}: keep more"
        )
        self.layer, self.candidates = layer, candidates

    def __reduce__(self) -> tuple[type, tuple[str, int]]:  # or it could not travel between processes
        return type(self), (self.layer, self.candidates)


def select(
    scores: Mapping[str, Tensor],
    keep: float | Mapping[str, float],
    scope: str = "layer",
    within: Mask | None = None,
    generator: torch.Generator | None = None,
) -> Mask:
    """The entries with the highest scores: exactly round(keep · n) of the n that are on in `within` (None: all).

    Args:
        scores: any real tensors by name; infinities are ordinary, NaN is refused.
        keep: the fraction kept, in (0, 1]; or glob patterns of names to fractions, of which the first match counts.
        scope: "layer" counts in every tensor by itself, "global" over all of them together.
        within: what is off there stays off.
        generator: breaks ties, uniformly and never by position; None is one seeded alike at every call.

    Raises EmptyLayer (a ValueError that has `.layer`) when a tensor would keep nothing, ValueError for bad input.

    >>> scores = {"a": torch.tensor([1.0, 4.0, 3.0, 2.0]), "b": torch.tensor([9.0, 8.0, 7.0, 6.0])}
    >>> rewire.masks.select(scores, 0.5)["a"]
    tensor([False,  True,  True, False])
    >>> rewire.masks.select(scores, 0.625, scope="global").densities()
    {'a': 0.25, 'b': 1.0}
    """
    if scope not in SCOPES:
        raise choice("scope", SCOPES, scope)
    generator = generator or torch.Generator().manual_seed(0)
    if scope == "layer":
        fractions = {name: _fraction(given) for name, given in _per_layer("keep", keep, scores).items()}
        chosen = {
            name: _highest([flat], round(fractions[name] * len(flat)), generator)[0]
            for name, flat in _candidates(scores, within)
        }
    else:
        candidates = dict(_candidates(scores, within))
        count = round(_one_fraction(keep) * sum(map(len, candidates.values())))
        chosen = dict(zip(candidates, _highest(list(candidates.values()), count, generator)))
    return _placed(chosen, scores, within)


def threshold(scores: Mapping[str, Tensor], cutoff: float | Mapping[str, float], within: Mask | None = None) -> Mask:
    """All entries on in `within` (None: all) whose score is at least `cutoff`, a number or glob patterns to numbers.

    With |w| as scores and a quality times the layer's standard deviation as each cutoff: Han et al. 2015.

    Raises EmptyLayer (a ValueError that has `.layer`) when a tensor would keep nothing, ValueError for bad input.

    >>> rewire.masks.threshold({"w": torch.tensor([0.1, 0.5, 0.9])}, 0.5)["w"]
    tensor([False,  True,  True])
    """
    cutoffs = {name: _number(given) for name, given in _per_layer("cutoff", cutoff, scores).items()}
    return _placed({name: flat >= cutoffs[name] for name, flat in _candidates(scores, within)}, scores, within)


def _candidates(scores: Mapping[str, Tensor], within: Mask | None) -> Iterator[tuple[str, Tensor]]:
    """The scores to choose from, flat, in a dtype that can be compared everywhere; one tensor's at a time."""
    if not scores:
        raise ValueError("scores must name at least one tensor; got none: nothing could be kept")
    if within is not None:
        within.check(scores)
    for name, tensor in scores.items():
        if not isinstance(tensor, Tensor):
            raise TypeError(f"scores must be tensors; {name!r} is {type(tensor).__name__}: torch.as_tensor makes one")
    common = _common_dtype(scores)
    for name, tensor in scores.items():
        if tensor.is_complex():
            raise TypeError(f"scores must be real; {name!r} is {tensor.dtype}: take its absolute value")
        if tensor.isnan().any():
            raise ValueError(f"scores must be numbers; {name!r} has NaN: its training or its criterion diverged")
        flat = tensor.detach().to(common).reshape(-1)
        yield name, flat if within is None else flat[within[name].reshape(-1).to(flat.device)]


def _common_dtype(scores: Mapping[str, Tensor]) -> torch.dtype:
    """One in which all can be compared, by numpy as well; of like tensors, one that makes no two entries equal."""
    dtypes = {tensor.dtype for tensor in scores.values()}
    if dtypes <= {torch.bool, torch.bfloat16, torch.float16, torch.float32}:
        return torch.float32
    return dtypes.pop() if len(dtypes) == 1 else torch.float64


def _highest(parts: Sequence[Tensor], count: int, generator: torch.Generator) -> list[Tensor]:
    """Where the `count` highest entries of some flat tensors are. Entries tied for the last places draw lots."""
    size = sum(map(len, parts))
    if count in (0, size):
        return [torch.full(part.shape, count > 0, device=part.device) for part in parts]
    cutoff = _in_order(parts, size - count)
    above, tied = [part > cutoff for part in parts], [part == cutoff for part in parts]
    missing = count - _total(above)
    lots = [torch.rand(_total([where]), generator=generator, device=generator.device) for where in tied]
    drawn = _highest(lots, missing, generator)
    return [on.masked_scatter_(where, won.to(on.device)) for on, where, won in zip(above, tied, drawn)]


def _in_order(parts: Sequence[Tensor], rank: int) -> float:
    """The entry that `rank` others come before in ascending order; found by partition, without a sort."""
    together = torch.cat([part.to(parts[0].device) for part in parts])
    if together.device.type != "cpu":
        return together.kthvalue(rank + 1).values.item()
    together.numpy().partition(rank)  # five times as fast as kthvalue, and in place
    return together[rank].item()


def _total(masks: Sequence[Tensor]) -> int:
    return sum(int(mask.count_nonzero()) for mask in masks)


def _placed(chosen: dict[str, Tensor], scores: Mapping[str, Tensor], within: Mask | None) -> Mask:
    """What was chosen among the candidates, at the places of the scores; takes it out of `chosen` bit by bit."""
    for name, on in chosen.items():
        if not on.any() and scores[name].numel():  # a tensor without entries has nothing to lose
            raise EmptyLayer(name, len(on))
    if within is None:
        return Mask({name: on.reshape(scores[name].shape) for name, on in chosen.items()})
    places = {name: on.to(scores[name].device) for name, on in within.items()}
    return Mask({name: places[name].masked_scatter(places[name], chosen.pop(name)) for name in [*chosen]})


def _one_fraction(keep: object) -> float:
    if isinstance(keep, Mapping):
        raise TypeError(f"keep must be one number with scope='global'; got {dict(keep)}: use scope='layer'")
    return _fraction(keep)


def _fraction(keep: object) -> float:
    if isinstance(keep, bool) or not isinstance(keep, Real) or not 0 < float(keep) <= 1:
        raise ValueError(f"keep must be in (0, 1]; got {keep!r}: it is the fraction kept")
    return float(keep)


def _number(cutoff: object) -> float:
    if isinstance(cutoff, bool) or not isinstance(cutoff, Real) or cutoff != cutoff:
        raise ValueError(f"cutoff must be a number; got {cutoff!r}: it is the least score kept")
    return float(cutoff)


def _per_layer(parameter: str, given: object, names: Mapping[str, object]) -> dict[str, object]:
    """The number for each name: the same one, or that of the first pattern that matches."""
    if not isinstance(given, Mapping):
        return dict.fromkeys(names, given)
    for pattern in given:
        if not isinstance(pattern, str):
            raise TypeError(f"{parameter} must map patterns of names to numbers; got the pattern {pattern!r}")
        if not any(_matches(name, pattern) for name in names):
            raise choice(parameter, names, pattern, "patterns like 'layer*' work")
    found = {}
    for name in names:
        matching = [pattern for pattern in given if _matches(name, pattern)]
        if not matching:
            raise ValueError(f"{parameter} must give a number for {name!r}; got {dict(given)}: add a last pattern '*'")
        found[name] = given[matching[0]]
    return found


def _matches(name: str, pattern: str) -> bool:
    return name == pattern or fnmatchcase(name, pattern)  # a name may have brackets of its own
