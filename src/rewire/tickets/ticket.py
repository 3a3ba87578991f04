"""`Ticket`: a mask and the values to train it from, in memory and as one file; no pickle."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from torch import Tensor, nn

from rewire.files import read_tensors, write_tensors
from rewire.gates.contents import unwrapped
from rewire.masks import Mask, pack, unpack
from rewire.tickets.snapshot import VALUE, check_alike, digest, look_at

FORMAT, VERSION = "rewire ticket", "1"
MASK = "mask/"
Model = TypeVar("Model", bound=nn.Module)


@dataclass(frozen=True)
class Ticket:
    """A sparse network before training: which weights there are, and the values that all parameters start from.

    mask: the weights that are on, by name. values: the rewind point, all parameters and buffers by name, pruned
    weights included; or a state dict, which has tied weights under all their names and leaves out unsaved buffers.
    provenance: where the ticket is from; anything that JSON can hold.

    >>> layer = nn.Linear(2, 1)
    >>> values = {name: tensor.detach().clone() for name, tensor in layer.named_parameters()}
    >>> ticket = Ticket(rewire.Mask({"weight": torch.tensor([[True, False]])}), values, {"from": "a doctest"})
    >>> copy = Ticket.load(ticket.save(tmp / "ticket.safetensors"))
    >>> copy.apply(nn.Linear(2, 1)).weight.count_nonzero(), copy.provenance
    (tensor(1), {'from': 'a doctest'})
    """

    mask: Mask
    values: Mapping[str, Tensor] = field(repr=False)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        missing = [name for name in self.mask if name not in self.values]
        if missing:
            raise ValueError(f"values must hold every tensor of the mask; got none for {missing[0]!r}")
        self.mask.check({name: self.values[name] for name in self.mask})

    def save(self, path: str | Path) -> Path:
        """Write the ticket to one safetensors file, the mask at one bit per weight; atomically.

        Returns the path. Raises TypeError for a provenance that JSON cannot hold, OSError where it cannot be written.
        """
        try:
            provenance = json.dumps(dict(self.provenance), sort_keys=True)
        except (TypeError, ValueError) as error:
            raise TypeError(f"provenance must be what JSON can hold; got {error}: turn it into text first") from None
        tensors = {MASK + name: pack(on) for name, on in self.mask.items()}
        tensors |= {VALUE + name: tensor for name, tensor in self.values.items()}
        sha = digest(tensors, [FORMAT, VERSION, provenance])
        head = {"format": FORMAT, "version": VERSION, "provenance": provenance, "sha256": sha}
        write_tensors(Path(path), tensors, head)
        return Path(path)

    @classmethod
    def load(cls, path: str | Path) -> "Ticket":
        """The ticket that `save` wrote, on the CPU.

        Raises FileNotFoundError, or ValueError for a foreign, newer, truncated or edited file.
        """
        tensors, head = read_tensors(Path(path))
        if head.get("format") != FORMAT:
            raise ValueError(f"{path} must be of format {FORMAT!r}; got {head.get('format')!r}: it is none")
        if head.get("version") != VERSION:
            raise ValueError(
                f"{path} must be of version {VERSION}; got {head.get('version')!r}: use the rewire of then"
            )
        provenance = head.get("provenance", "")
        if head.get("sha256") != digest(tensors, [FORMAT, VERSION, provenance]):
            raise ValueError(f"{path} must have the SHA-256 that is written in it; it was changed after it was saved")
        try:
            values = {name.removeprefix(VALUE): t for name, t in tensors.items() if name.startswith(VALUE)}
            packed = {name.removeprefix(MASK): t for name, t in tensors.items() if name.startswith(MASK)}
            mask = Mask({name: unpack(bits, values[name].shape) for name, bits in packed.items()})
            return cls(mask, values, dict(json.loads(provenance)))
        except (KeyError, TypeError, ValueError, RecursionError):
            raise ValueError(f"{path} must hold a mask and values as Ticket.save writes them; got others") from None

    def apply(self, model: Model) -> Model:
        """Load the ticket into a model of the same architecture, in place: its values, and zeros where the mask is off.

        Train it within `masked(model, ticket.mask)`. For other masks over the same values, `dataclasses.replace` the
        mask first. Returns the model. Raises ValueError for another architecture, naming the layers that differ,
        before anything is changed.
        """
        own, state = look_at(model).values, unwrapped(model).state_dict()
        values = {name: tensor for name, tensor in self.values.items() if name in own or name not in state}
        check_alike({name: tensor for name, tensor in own.items() if name in values or name in state}, values)
        targets = state | own
        for name, value in (values | self.mask.apply({n: self.values[n] for n in self.mask})).items():
            targets[name].copy_(value)
        return model
