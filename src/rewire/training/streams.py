"""Random streams: one generator for each purpose, so that changing one draw never shifts another."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor

from rewire.errors import choice

NAMES = ("init", "data", "tasks", "masks")


def derive(seed: int, *purpose: object) -> int:
    """A 63-bit seed for a purpose: no two (seed, purpose) pairs share a stream, on any machine or version.

    >>> derive(0, "init") == derive(0, "init"), derive(0, "init") == derive(1, "init")
    (True, False)
    """
    # A slash within a name is escaped, so that ("a/b",) and ("a", "b") are two purposes.
    text = "/".join(str(part).replace("\\", "\\\\").replace("/", "\\/") for part in (seed, *purpose))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


class Streams:
    """Named CPU generators of one seed: "init", "data", "tasks", "masks". Draws are the same on every device.

    >>> streams = Streams(seed=1)
    >>> torch.equal(torch.rand(3, generator=streams["data"]), torch.rand(3, generator=Streams(1)["data"]))
    True
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._generators = {name: torch.Generator().manual_seed(derive(seed, name)) for name in NAMES}

    def __getitem__(self, name: str) -> torch.Generator:
        if name not in self._generators:
            raise choice("stream", NAMES, name)
        return self._generators[name]

    @contextmanager
    def initialising(self) -> Iterator[None]:
        """Within this context torch's own generator draws from "init": build models here. It is put back afterwards."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive(self.seed, "init"))
            yield

    @contextmanager
    def layers(self, device: torch.device) -> Iterator[None]:
        """Within this context torch's own generators (dropout and the like) belong to this seed."""
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            torch.manual_seed(derive(self.seed, "layers"))
            yield

    def state(self, device: torch.device) -> dict[str, Tensor]:
        """Every generator's state, torch's own included, as byte tensors."""
        states = {name: generator.get_state() for name, generator in self._generators.items()}
        states["torch"] = torch.get_rng_state()
        if device.type == "cuda":
            states["cuda"] = torch.cuda.get_rng_state(device)
        return states

    def load(self, states: Mapping[str, Tensor], device: torch.device) -> None:
        for name, generator in self._generators.items():
            generator.set_state(states[name])
        torch.set_rng_state(states["torch"])
        if device.type == "cuda" and "cuda" in states:
            torch.cuda.set_rng_state(states["cuda"], device)
