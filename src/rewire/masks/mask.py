"""`Mask`: which entries of which named tensors are on, as one value with the algebra of sets."""

from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor


class Mask(Mapping[str, Tensor]):
    """Boolean tensors by name, True where an entry is on. A value: nothing changes it, `==` compares entries.

    `&`, `|`, `^` and `-` are intersection, union, symmetric difference and difference of what is on, `~` the
    complement; both sides must have the same names and shapes (ValueError naming the first that differs). Raises
    TypeError for anything but boolean tensors.

    >>> mask = rewire.Mask({"weight": torch.tensor([[True, False], [True, True]])})
    >>> mask
    Mask(1 tensor, 3 of 4 on, density 0.75)
    >>> (mask & ~mask).kept, mask | ~mask == rewire.Mask.full(mask)
    (0, True)
    """

    def __init__(self, tensors: Mapping[str, Tensor]):
        if not isinstance(tensors, Mapping):
            raise TypeError(f"mask must be a mapping from names to boolean tensors; got {type(tensors).__name__}")
        for name, tensor in tensors.items():
            if not isinstance(name, str):
                raise TypeError(f"mask must name its tensors as parameters are named, by text; got {name!r}")
            if not isinstance(tensor, Tensor) or tensor.dtype != torch.bool:
                got = tensor.dtype if isinstance(tensor, Tensor) else type(tensor).__name__
                raise TypeError(f"mask must hold boolean tensors; {name!r} is {got}: compare first, as in score > 0")
        # Clones: what the caller does to its own tensors later must not reach a mask that others hold.
        self._tensors = {name: t.detach().clone(memory_format=torch.contiguous_format) for name, t in tensors.items()}

    @classmethod
    def full(cls, tensors: Mapping[str, Tensor]) -> "Mask":
        """All entries of tensors of these names, shapes and devices on."""
        return cls({name: torch.ones(t.shape, dtype=torch.bool, device=t.device) for name, t in tensors.items()})

    def __getitem__(self, name: str) -> Tensor:
        return self._tensors[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)

    def __repr__(self) -> str:
        tensors = f"{len(self)} tensor{'' if len(self) == 1 else 's'}"
        return f"Mask({tensors}, {self.kept} of {self.size} on, density {self.density:.4g})"

    @property
    def size(self) -> int:
        """Entries in all."""
        return sum(tensor.numel() for tensor in self.values())

    @property
    def kept(self) -> int:
        """Entries that are on."""
        return sum(int(tensor.count_nonzero()) for tensor in self.values())

    @property
    def density(self) -> float:
        """The fraction that is on, over all tensors together; 1.0 of no entries."""
        return _fraction(self.kept, self.size)

    def densities(self) -> dict[str, float]:
        """The fraction that is on, per tensor."""
        return {name: _fraction(int(tensor.count_nonzero()), tensor.numel()) for name, tensor in self.items()}

    def to(self, device: str | torch.device) -> "Mask":
        return Mask({name: tensor.to(device) for name, tensor in self.items()})

    def check(self, tensors: Mapping[str, Tensor]) -> None:
        """Raise ValueError naming the first tensor that is missing, extra or of another shape."""
        for name in [*self, *tensors]:
            mine, theirs = _shape(self.get(name)), _shape(tensors.get(name))
            if mine != theirs:
                raise ValueError(f"tensors must be those of the mask; {name!r} is {mine} in the mask, {theirs} outside")

    def apply(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """New tensors, exactly 0 where the mask is off, be it NaN. Raises ValueError as `check` does.

        >>> rewire.Mask({"w": torch.tensor([True, False])}).apply({"w": torch.tensor([3.0, float("nan")])})
        {'w': tensor([3., 0.])}
        """
        self.check(tensors)
        return {name: tensors[name].masked_fill(~on.to(tensors[name].device), 0) for name, on in self.items()}

    def __and__(self, other: "Mask") -> "Mask":
        return self._with(other, torch.logical_and)

    def __or__(self, other: "Mask") -> "Mask":
        return self._with(other, torch.logical_or)

    def __xor__(self, other: "Mask") -> "Mask":
        return self._with(other, torch.logical_xor)

    def __sub__(self, other: "Mask") -> "Mask":
        return self._with(other, torch.gt)

    def __invert__(self) -> "Mask":
        return Mask({name: ~tensor for name, tensor in self.items()})

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mask):
            return NotImplemented
        return self.keys() == other.keys() and all(
            torch.equal(on, other[name].to(on.device)) for name, on in self.items()
        )

    __hash__ = None  # type: ignore[assignment]  # entries are compared, and tensors have no hash of their entries

    def _with(self, other: "Mask", operation: Callable[[Tensor, Tensor], Tensor]) -> "Mask":
        if not isinstance(other, Mask):
            return NotImplemented
        self.check(other)
        return Mask({name: operation(on, other[name].to(on.device)) for name, on in self.items()})


def overlap(a: Mask, b: Mask) -> float:
    """|a ∩ b| / |a ∪ b|, the Jaccard index over all tensors together; 1.0 when both are empty.

    >>> masks = [rewire.Mask({"w": torch.tensor(on)}) for on in ([True, True, False], [False, True, True])]
    >>> round(rewire.masks.overlap(*masks), 4)
    0.3333
    """
    return _fraction((a & b).kept, (a | b).kept)


def hamming(a: Mask, b: Mask) -> float:
    """The fraction of entries that differ, over all tensors together; 0.0 of no entries.

    >>> masks = [rewire.Mask({"w": torch.tensor(on)}) for on in ([True, True, False, True], [False, True, True, True])]
    >>> rewire.masks.hamming(*masks)
    0.5
    """
    return (a ^ b).kept / max(a.size, 1)


def _fraction(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def _shape(tensor: Tensor | None) -> str:
    return "absent" if tensor is None else str(list(tensor.shape))
